import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessIdentity } from '../event-log/events.js';
import { isRunning, readStat } from './process-identity.js';

/** Name of the environment variable by which processes that left their group are found again. */
export const MARKER_VARIABLE = 'PROVISIONING_TASK_KEY';
/** Time between SIGTERM and SIGKILL, in milliseconds; scripts use it to stop what they started. */
export const KILL_GRACE_MS = 10_000;
const POLL_MS = 20;
/** Processes that SIGKILL does not end within this (uninterruptible I/O) are given up on. */
const KILL_WAIT_MS = 5000;
const PGRP_FIELD = 2;

export interface KillOptions {
  readonly graceMs?: number | undefined;
  /** Value of MARKER_VARIABLE: also ends processes outside the group that carry it (Linux). */
  readonly marker?: string | undefined;
  /** What started it and who therefore knows that the group is its own, whether or not it still runs. */
  readonly ownChild?: boolean | undefined;
}

/**
 * Ends a process, its group and everything marked as its own: SIGTERM, grace, SIGKILL. Resolves when
 * none of them runs, with whether there were any. A process that only has the same pid is never touched.
 */
export async function killTree(leader: ProcessIdentity, options: KillOptions = {}): Promise<boolean> {
  if (process.platform === 'win32') {
    signalProcess(leader.pid, 'SIGKILL');
    return true;
  }
  const living = () => members(leader, options);
  if (living().length === 0) return false;
  signalAll(living(), 'SIGTERM');
  if (await waitUntilGone(living, options.graceMs ?? KILL_GRACE_MS)) return true;
  const deadline = Date.now() + KILL_WAIT_MS;
  do signalAll(living(), 'SIGKILL');
  while (!(await waitUntilGone(living, POLL_MS * 5)) && Date.now() < deadline);
  return true;
}

function members(leader: ProcessIdentity, options: KillOptions): readonly number[] {
  const groupIsOurs = options.ownChild === true || isRunning(leader);
  if (process.platform !== 'linux') return groupIsOurs && groupExists(leader.pid) ? [-leader.pid] : [];
  return processes().filter((pid) => {
    const stat = readStat(pid);
    if (stat === undefined || stat[0] === 'Z' || pid === process.pid) return false;
    if (groupIsOurs && Number(stat[PGRP_FIELD]) === leader.pid) return true;
    return options.marker !== undefined && isMarked(pid, options.marker);
  });
}

function processes(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function isMarked(pid: number, marker: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1')
      .split('\0')
      .includes(`${MARKER_VARIABLE}=${marker}`);
  } catch {
    return false;
  }
}

function groupExists(pgid: number): boolean {
  try {
    process.kill(-pgid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) signalProcess(pid, signal);
}

/** Gone meanwhile is what was wanted; a process of another user is left to its owner. */
function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

async function waitUntilGone(living: () => readonly number[], timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if (living().length === 0) return true;
    if (Date.now() >= deadline) return false;
    await sleep(POLL_MS);
  }
}
