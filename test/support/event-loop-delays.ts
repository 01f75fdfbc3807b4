import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cliPath } from './project.js';

/** How late the event loop of a program was while it worked, in milliseconds. */
export interface EventLoopDelays {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Runs the built command, and says how late its event loop was after its start. Throws when it fails. */
export function eventLoopDelays(
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): EventLoopDelays {
  const report = join(cwd, 'event-loop.json');
  const probe = pathToFileURL(join(import.meta.dirname, 'event-loop-probe.js')).href;
  const result = spawnSync(process.execPath, ['--import', probe, cliPath, ...args], {
    cwd,
    env: { ...env, EVENT_LOOP_REPORT: report },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  if (result.status !== 0) throw new Error(`prov ${args.join(' ')}: ${result.stderr}`);
  return JSON.parse(readFileSync(report, 'utf8')) as EventLoopDelays;
}
