import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { ProcessIdentity } from '../event-log/events.js';

/** Field 22 of `/proc/PID/stat`, counted after the command name, which may hold spaces. @see proc(5) */
const START_TIME_FIELD = 19;

/** What tells this process from any later one with the same pid; undefined when it does not run. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const startTime = startTimeOf(pid);
  return startTime === undefined ? undefined : { pid, startTime, bootId: bootId() };
}

/** Whether the very process is still there (a zombie counts as gone). */
export function isRunning(identity: ProcessIdentity): boolean {
  return identity.bootId === bootId() && startTimeOf(identity.pid) === identity.startTime;
}

function startTimeOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    const fields = readStat(pid);
    return fields === undefined || fields[0] === 'Z' ? undefined : fields[START_TIME_FIELD];
  }
  try {
    process.kill(pid, 0);
    return process.platform === 'win32'
      ? 'unknown'
      : execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

/** The fields of `/proc/PID/stat` from the state on; undefined when the process is gone. Linux only. */
export function readStat(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text
      .slice(text.lastIndexOf(')') + 2)
      .trim()
      .split(' ');
  } catch {
    return undefined;
  }
}

let known: string | undefined;

function bootId(): string {
  known ??=
    process.platform === 'linux' ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() : 'unknown';
  return known;
}
