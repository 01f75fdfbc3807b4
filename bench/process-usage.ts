import { readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second on every architecture that Node runs on. */
const TICK_MS = 10;

/** CPU time a process has used so far, in milliseconds; undefined where /proc is not there. */
export function cpuMsOf(pid: number): number | undefined {
  const fields = statFields(pid);
  return fields && (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** CPU time of all ended children of this process (and of theirs), in milliseconds. */
export function cpuMsOfChildren(): number | undefined {
  const fields = statFields('self');
  return fields && (Number(fields[13]) + Number(fields[14])) * TICK_MS;
}

/** Most memory a process ever held resident, in MiB. */
export function peakRssMiB(pid: number): number | undefined {
  const status = read(`/proc/${pid}/status`);
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(status ?? '');
  return match ? Number(match[1]) / 1024 : undefined;
}

/** The fields after the name, which may hold spaces: the first is the state. */
function statFields(pid: number | 'self'): string[] | undefined {
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

/** What `after` is more than `before`; undefined when one of them could not be read. */
export function spent(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before;
}
