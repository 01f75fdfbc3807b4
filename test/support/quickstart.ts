import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { processesMentioning } from './processes.js';
import { projectRoot } from './project.js';
import { prov } from './prov.js';
import type { Cleanup } from './temporary-directory.js';

export interface QuickstartEvent {
  readonly event: string;
  readonly ok?: boolean;
  readonly side?: string;
  readonly name?: string;
  readonly command?: string;
  readonly data?: unknown;
  readonly [key: string]: unknown;
}

export interface QuickstartRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly events: readonly QuickstartEvent[];
}

export interface QuickstartOptions {
  /** Default `npm run --silent quickstart --`. */
  readonly command?: readonly string[];
  readonly onEvent?: (event: QuickstartEvent, child: ChildProcess) => void;
}

export const DIRECT = [process.execPath, 'scripts/quickstart.mjs'];
/** Far beyond what a run takes on a loaded machine. */
const TIMEOUT_MS = 600_000;

/** Runs the quickstart; with `--json` every line of its output is parsed, and has to be an event. */
export async function quickstart(
  args: readonly string[],
  { command = ['npm', 'run', '--silent', 'quickstart', '--'], onEvent }: QuickstartOptions = {},
): Promise<QuickstartRun> {
  const [program, ...rest] = [...command, ...args];
  const child = spawn(program!, rest, { cwd: projectRoot, stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  const events: QuickstartEvent[] = [];
  let [stdout, stderr, line] = ['', '', ''];
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    if (!args.includes('--json')) return;
    line += chunk.toString();
    const lines = line.split('\n');
    line = lines.pop()!;
    for (const each of lines) {
      const event = JSON.parse(each) as QuickstartEvent;
      events.push(event);
      onEvent?.(event, child);
    }
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on('exit', (status, by) => resolve([status, by]));
  });
  clearTimeout(timer);
  return { code, signal, stdout, stderr, events };
}

/** A state directory inside the project's ignored area; its servers, processes and files go when the test ends. */
export function quickstartDirectory(t: Cleanup): string {
  const dir = `.quickstart/test-${randomBytes(4).toString('hex')}`;
  t.after(async () => {
    for (const side of ['near', 'far']) {
      const place = join(projectRoot, dir, side);
      const env = { ...process.env, PROVISIONING_HOME: join(place, 'home') };
      if (existsSync(join(place, 'site/prov.lock')))
        await prov(['destroy', '--yes', '-w', join(place, 'site')], { env });
      if (existsSync(join(place, 'home'))) await prov(['registry', 'stop', '--all'], { env });
    }
    for (const { pid } of processesMentioning(dir)) process.kill(pid, 'SIGKILL');
    rmSync(join(projectRoot, dir), { recursive: true, force: true });
  });
  return dir;
}

export function lockOf(dir: string, side: 'near' | 'far'): string {
  return readFileSync(join(projectRoot, dir, side, 'site/prov.lock'), 'utf8');
}

/** Pids of the services that a run told of. */
export function servicePids(events: readonly QuickstartEvent[]): number[] {
  return events
    .filter(({ name }) => name === 'deploy')
    .flatMap(({ data }) => (data as { services: readonly { pid?: number }[] }).services)
    .flatMap(({ pid }) => pid ?? []);
}
