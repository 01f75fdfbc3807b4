import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { projectRoot } from './project.js';

export type ProgramName =
  | 'skopeo'
  | 'skopeo-new'
  | 'docker-registry'
  | 'cosign2'
  | 'cosign3'
  | 'oras'
  | 'crane';
export const PROGRAMS: readonly ProgramName[] = [
  'skopeo',
  'skopeo-new',
  'docker-registry',
  'oras',
  'crane',
  'cosign2',
  'cosign3',
];

const home = process.env['PROV_INTEROP_DIR'] ?? join(projectRoot, '.interop-tools');

/** Where a program is: fetched by scripts/interop-tools.mjs, or on the PATH. Undefined when it is missing. */
export function findProgram(name: ProgramName): string | undefined {
  const fetched = join(home, 'bin', name);
  if (existsSync(fetched)) return fetched;
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

export function programVersion(name: ProgramName): string {
  const file = join(home, name, 'VERSION');
  return existsSync(file) ? readFileSync(file, 'utf8') : 'from the PATH';
}

export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program we did not write; its home and caches are the test's. */
export async function runProgram(
  path: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<ProgramResult> {
  const env = {
    PATH: process.env['PATH'],
    HOME: options.cwd,
    XDG_RUNTIME_DIR: options.cwd,
    XDG_CONFIG_HOME: join(options.cwd, '.config'),
    TMPDIR: options.cwd,
    ...options.env,
  };
  const child = spawn(path, args, { cwd: options.cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? -1));
  });
  clearTimeout(timer);
  return {
    code,
    stdout: Buffer.concat(stdout).toString(),
    stderr: Buffer.concat(stderr).toString(),
  };
}
