import { statSync } from 'node:fs';
import { digestFile, ProvError } from '#base';
import type { ModuleAsset } from './module.js';

/** Passes only when the bytes of every asset are those that the manifest promises. */
export type AssetGuard = (assets: readonly ModuleAsset[], signal?: AbortSignal) => Promise<void>;

/**
 * A guard for what runs soon: it hashes an asset when it first sees it, and again when the file was
 * written or replaced since (its inode, size or time of change differ, which its owner cannot forge).
 * @throws WORKSPACE_ASSET_MODIFIED
 */
export function createAssetGuard(): AssetGuard {
  const known = new Map<string, string>();
  return async (assets, signal) => {
    for (const { name, path, sha256 } of assets) {
      const before = fingerprint(path);
      if (before !== undefined && known.get(path) === before) continue;
      if (!(await isAssetIntact(path, sha256, signal)))
        throw new ProvError('WORKSPACE_ASSET_MODIFIED', { asset: name, path, expected: `sha256:${sha256}` });
      if (before !== undefined) known.set(path, before);
    }
  };
}

/** Whether the file at `path` is there and has this sha256. */
export async function isAssetIntact(path: string, sha256: string, signal?: AbortSignal): Promise<boolean> {
  if (fingerprint(path) === undefined) return false;
  return (await digestFile(path, 'sha256', signal)).digest === `sha256:${sha256}`;
}

/** Undefined when there is no regular file: nothing else can be an asset. */
function fingerprint(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!found?.isFile()) return undefined;
  return [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(':');
}
