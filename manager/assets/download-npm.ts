import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { childEnvironment, ProvError } from '#base';
import type { Asset } from '#schemas';
import type { ManagerContext } from '../context.js';

const STDERR_LIMIT = 4096;

/** Downloads the tarball of `npm:package@version` with the npm of the user, from whatever registry it uses. */
export async function downloadNpm(asset: Asset, staging: string, context: ManagerContext): Promise<string> {
  const spec = asset.source.slice('npm:'.length);
  const fail = (reason: string, cause?: unknown) =>
    new ProvError(
      'MANAGER_ASSET_UNAVAILABLE',
      { asset: asset.name, source: asset.source, reason },
      { cause },
    );
  const args = [
    'pack',
    '--pack-destination',
    staging,
    '--ignore-scripts',
    '--loglevel=error',
    '--no-update-notifier',
    '--',
    spec,
  ];
  const child = spawn('npm', args, {
    cwd: staging,
    env: childEnvironment(context.env),
    stdio: ['ignore', 'ignore', 'pipe'],
    signal: context.signal,
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-STDERR_LIMIT);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? fail('npm is not on the PATH', error) : error),
    );
    child.on('close', resolve);
  });
  if (code !== 0)
    throw fail(stderr.trim().split('\n').slice(0, 3).join('; ') || `npm pack ended with ${code}`);
  const file = (await readdir(staging)).find((name) => name.endsWith('.tgz'));
  if (file === undefined) throw fail('npm pack wrote no file');
  return join(staging, file);
}
