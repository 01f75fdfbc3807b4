import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface FoundProcess {
  readonly pid: number;
  readonly command: string;
}

/** Processes whose command line, or on Linux whose working directory, mentions `text`; this one is not counted. */
export function processesMentioning(text: string): FoundProcess[] {
  return allProcesses().filter(({ pid, command }) => pid !== process.pid && command.includes(text));
}

/** Waits until none is left, and returns those that stay. */
export async function processesLeft(text: string, timeoutMs = 10_000): Promise<FoundProcess[]> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const left = processesMentioning(text);
    if (left.length === 0 || Date.now() > deadline) return left;
    await sleep(100);
  }
}

function allProcesses(): FoundProcess[] {
  if (process.platform !== 'linux')
    return execFileSync('ps', ['-axo', 'pid=,args='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => /^\s*(\d+)\s+(.*)$/.exec(line))
      .filter((match) => match !== null)
      .map(([, pid, command]) => ({ pid: Number(pid), command: command! }));
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        const state = /^State:\s+(\S)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1];
        return command === '' || state === 'Z' ? [] : [{ pid: Number(name), command }];
      } catch {
        return [];
      }
    });
}
