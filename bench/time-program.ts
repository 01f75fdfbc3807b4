import { spawnSync } from 'node:child_process';
import { cpuMsOf, cpuMsOfChildren, spent } from './process-usage.js';
import type { Measurement } from './row.js';

const TIMEOUT_MS = 120_000;

export interface ProgramOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Its CPU time is read before and after. */
  readonly serverPid?: number | undefined;
}

/** Runs a program to its end, with its output thrown away, and times it. Throws when it fails. */
export function timeProgram(
  command: string,
  args: readonly string[],
  { cwd, env, serverPid }: ProgramOptions,
): Measurement {
  const server = serverPid === undefined ? undefined : cpuMsOf(serverPid);
  const cpu = cpuMsOfChildren();
  const started = performance.now();
  const result = spawnSync(command, args, {
    cwd,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const value = performance.now() - started;
  if (result.error || result.status !== 0) {
    const why = result.error?.message ?? `exit ${result.status ?? result.signal}: ${result.stderr}`;
    throw new Error(`${command} ${args.join(' ')}: ${why}`);
  }
  return {
    value,
    cpuMs: spent(cpu, cpuMsOfChildren()),
    serverCpuMs: serverPid === undefined ? undefined : spent(server, cpuMsOf(serverPid)),
  };
}
