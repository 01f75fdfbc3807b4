import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningRegistry } from '../test/support/registries.js';
import type { LoadRequest, LoadResult } from './load-generator.js';
import { cpuMsOf, spent } from './process-usage.js';
import type { Measurement } from './row.js';

const PROGRAM = join(import.meta.dirname, 'load-generator.js');
const GRACE_MS = 20_000;

export type Load = Pick<LoadRequest, 'path' | 'connections' | 'durationMs'>;

/** Loads a registry from another process; the value is answers (or MiB) per second, CPU is the server's per answer. */
export async function generateLoad(
  registry: RunningRegistry,
  load: Load,
  unit: '/s' | 'MiB/s',
): Promise<Measurement> {
  const [host, port] = registry.host.split(':');
  const request: LoadRequest = {
    ...load,
    host: host!,
    port: Number(port),
    accept: 'application/vnd.oci.image.manifest.v1+json, */*',
    warmUpMs: Math.min(200, load.durationMs / 2),
  };
  const before = cpuMsOf(registry.pid);
  const started = performance.now();
  const result = await runGenerator(request);
  const wall = performance.now() - started;
  const cpu = spent(before, cpuMsOf(registry.pid));
  // The server also works during start and warm-up of the generator: its share of the window counts.
  const working = result.seconds * 1000 + request.warmUpMs;
  const perWindow = cpu === undefined ? undefined : cpu * ((result.seconds * 1000) / Math.min(wall, working));
  const amount = unit === '/s' ? result.answers : result.bytes / 2 ** 20;
  return {
    value: amount / result.seconds,
    serverCpuMs: perWindow === undefined || amount === 0 ? undefined : perWindow / amount,
  };
}

async function runGenerator(request: LoadRequest): Promise<LoadResult> {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is not built`);
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(request)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), request.durationMs + GRACE_MS);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  clearTimeout(timer);
  if (code !== 0) throw new Error(`load generator: exit ${code}: ${stderr}`);
  return JSON.parse(stdout) as LoadResult;
}
