import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

// A pid alone names nobody: numbers are used again. With the time it was started (and, on Linux, the boot)
// it names one process for ever.

/** `pid` with its start, or undefined when no such process runs (a zombie does not run). */
export function identify(pid) {
  const start = startOf(pid);
  return start === undefined ? undefined : { pid, start };
}

/** Whether exactly this process still runs. */
export function isAlive(identity) {
  return identity?.pid > 0 && startOf(identity.pid) === identity.start;
}

function startOf(pid) {
  return process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid);
}

function startFromProc(pid) {
  let stat;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The command name in parentheses may hold anything; fields are counted after it. @see proc(5)
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return undefined;
  return `${bootId()}/${fields[18]}`;
}

let boot;
function bootId() {
  if (boot === undefined) {
    try {
      boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    } catch {
      boot = 'unknown-boot';
    }
  }
  return boot;
}

function startFromPs(pid) {
  const ps = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
  });
  const line = ps.stdout?.trim() ?? '';
  return ps.status !== 0 || line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
}

/** Processes that carry `name=value` in their environment (Linux; elsewhere none are found). */
export function processesMarked(name, value) {
  if (process.platform !== 'linux') return [];
  const mark = Buffer.from(`${name}=${value}\0`);
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => pid !== process.pid && environmentOf(pid).includes(mark) && startOf(pid) !== undefined);
}

function environmentOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/environ`);
  } catch {
    return Buffer.alloc(0);
  }
}

/** Sends a signal; false when there is nobody to get it. */
export function signalProcess(pid, signal) {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (error.code === 'ESRCH') return false;
    // macOS answers EPERM for a group of which only zombies are left.
    if (error.code === 'EPERM' && pid < 0) return false;
    throw error;
  }
}
