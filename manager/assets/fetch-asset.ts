import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join, resolve, sep } from 'node:path';
import { digestFile, ProvError } from '#base';
import type { Asset } from '#schemas';
import type { ManagerContext } from '../context.js';
import { downloadHttps } from './download-https.js';
import { downloadNpm } from './download-npm.js';
import { downloadOci } from './download-oci.js';

/** Takes the file at a path that will be removed afterwards. */
type Keep = (path: string) => Promise<string>;

/**
 * Brings an asset from its source and hands it to `keep` only after its sha256 and size proved right.
 * @throws MANAGER_ASSET_UNAVAILABLE, MANAGER_ASSET_MISMATCH
 */
export async function fetchAsset(
  asset: Asset,
  extensionDir: string,
  context: ManagerContext,
  keep: Keep,
): Promise<string> {
  const staging = await mkdtemp(join(tmpdir(), 'prov-asset-'));
  try {
    const path = await download(asset, extensionDir, staging, context);
    await assertAsset(asset, path, context.signal);
    return await keep(path);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** @throws MANAGER_ASSET_MISMATCH unless the file has the promised sha256 and size. */
export async function assertAsset(asset: Asset, path: string, signal?: AbortSignal): Promise<void> {
  const { digest, size } = await digestFile(path, 'sha256', signal);
  const fail = (what: string, expected: unknown, actual: unknown) =>
    new ProvError('MANAGER_ASSET_MISMATCH', {
      asset: asset.name,
      source: asset.source,
      what,
      expected,
      actual,
    });
  if (asset.size !== undefined && size !== asset.size) throw fail('size', asset.size, size);
  if (digest !== `sha256:${asset.sha256}`) throw fail('digest', `sha256:${asset.sha256}`, digest);
}

async function download(
  asset: Asset,
  extensionDir: string,
  staging: string,
  context: ManagerContext,
): Promise<string> {
  const { source } = asset;
  if (source.startsWith('npm:')) return downloadNpm(asset, staging, context);
  if (source.startsWith('https:')) return downloadHttps(asset, staging, context);
  if (source.startsWith('oci:')) return downloadOci(asset, staging, context);
  return localFile(asset, extensionDir);
}

/** `file:` sources are relative to the extension and stay inside it, or are absolute. */
async function localFile(asset: Asset, extensionDir: string): Promise<string> {
  const given = asset.source.slice('file:'.length);
  const root = resolve(extensionDir);
  const path = resolve(root, given);
  const fail = (reason: string) =>
    new ProvError('MANAGER_ASSET_UNAVAILABLE', { asset: asset.name, source: asset.source, reason });
  if (!isAbsolute(given) && !path.startsWith(root + sep)) throw fail('the path leaves the extension');
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile()) throw fail('there is no such file');
  return path;
}
