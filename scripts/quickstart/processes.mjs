import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identifyProcess, isRunning } from '../../build/base/index.js';
import { StepError } from './runner.mjs';

/** How long a left-over process may take to end in good order, in milliseconds. */
const GRACE_MS = 60_000;
const POLL_MS = 100;
const PARTS = ['main', 'far'];

const fileOf = (dir, part) => join(dir, `processes.${part}.json`);

/** Remembers on disk which processes a run consists of, so that the next one can end what a killed one left. */
export function recordProcesses(dir, part) {
  mkdirSync(dir, { recursive: true });
  const path = fileOf(dir, part);
  const owner = identifyProcess(process.pid);
  const write = (child) => {
    writeFileSync(`${path}.tmp`, JSON.stringify({ owner, child }));
    renameSync(`${path}.tmp`, path);
  };
  write();
  return {
    child: (pid) => write(pid === undefined ? undefined : identifyProcess(pid)),
    forget: () => rmSync(path, { force: true }),
  };
}

/** Ends what a killed run left working in `dir`. Two runs at once in one directory are refused. */
export async function endLeftovers(dir) {
  const records = PARTS.map((part) => fileOf(dir, part))
    .filter(existsSync)
    .map((path) => ({ path, main: path === fileOf(dir, 'main'), ...JSON.parse(readFileSync(path, 'utf8')) }));
  const other = records.find(({ main, owner }) => main && owner && isRunning(owner));
  if (other)
    throw new StepError(`another quickstart (process ${other.owner.pid}) works in ${dir}`, {
      code: 'QUICKSTART_RUNNING',
      hint: 'Wait until it has ended, or give this one a directory of its own with --dir.',
      exitCode: 11,
    });
  for (const { path, owner, child } of records) {
    for (const identity of [owner, child]) if (identity) await end(identity);
    rmSync(path, { force: true });
  }
}

async function end(identity) {
  const deadline = Date.now() + GRACE_MS;
  let signal = 'SIGTERM';
  while (isRunning(identity)) {
    if (signal !== undefined) process.kill(identity.pid, signal);
    signal = Date.now() > deadline ? 'SIGKILL' : undefined;
    await sleep(POLL_MS);
  }
}
