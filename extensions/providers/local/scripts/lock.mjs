import { randomBytes } from 'node:crypto';
import { closeSync, linkSync, mkdirSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readJson, transient } from '../lib/shared.bundle.mjs';
import { identify, isAlive } from './process-identity.mjs';

const POLL_MS = 20;
/** Breaking a dead holder's lock takes microseconds; a breaker older than this was killed in between. */
const BREAKER_STALE_MS = 10_000;

/** Runs `work` while nobody else holds `path`. A holder that died frees it at once, without anyone's help. */
export async function withLock(path, { waitMs, signal }, work) {
  mkdirSync(dirname(path), { recursive: true });
  const mine = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(mine, JSON.stringify(identify(process.pid)), { flag: 'wx', mode: 0o600 });
  try {
    const until = Date.now() + waitMs;
    while (!take(mine, path)) {
      if (Date.now() > until) throw transient(`another operation holds ${path}`);
      await sleep(POLL_MS, undefined, { signal });
    }
  } finally {
    rmSync(mine, { force: true });
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(mine, path) {
  // A link is made whole or not at all, and never over an existing name.
  if (succeeds(() => linkSync(mine, path))) return true;
  const holder = readJson(path);
  if (holder !== undefined && !isAlive(holder)) breakLock(path);
  return false;
}

/** One breaker at a time, and it looks again: so only a dead holder's lock is ever removed. */
function breakLock(path) {
  const breaker = `${path}.break`;
  const age =
    Date.now() - (statSync(breaker, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY);
  if (age > BREAKER_STALE_MS) rmSync(breaker, { force: true });
  if (!succeeds(() => closeSync(openSync(breaker, 'wx', 0o600)))) return;
  try {
    const holder = readJson(path);
    if (holder !== undefined && !isAlive(holder)) rmSync(path, { force: true });
  } finally {
    rmSync(breaker, { force: true });
  }
}

function succeeds(action) {
  try {
    action();
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}
