import { stat } from 'node:fs/promises';
import { type Digest, filePieces } from '#base';
import { type ContentCache, openContentCache } from '#oci';
import type { Asset } from '#schemas';
import { contentCacheDir, type ManagerContext } from '../context.js';
import { fetchAsset } from './fetch-asset.js';

/** Where the verified bytes of an asset are, fetching them when they are not cached. */
export type AssetPath = (
  asset: Asset,
  extensionDir: string,
  signal?: AbortSignal,
) => Promise<{ path: string }>;

/** Runs `action` with assets that are cached by digest between runs; the cache is opened for the first of them. */
export async function withAssetCache<T>(
  context: ManagerContext,
  action: (assetPath: AssetPath) => Promise<T>,
): Promise<T> {
  let opened: Promise<ContentCache> | undefined;
  try {
    return await action(cachedAsset);
  } finally {
    await (await opened)?.close();
  }

  async function cachedAsset(
    asset: Asset,
    extensionDir: string,
    signal = context.signal,
  ): Promise<{ path: string }> {
    opened ??= openContentCache(contentCacheDir(context));
    const cache = await opened;
    const digest: Digest = `sha256:${asset.sha256}`;
    const cached = await cache.path(digest);
    if (cached !== undefined) return { path: cached };
    context.onEvent?.({
      event: 'asset',
      message: `fetching ${asset.name} from ${asset.source}`,
      asset: asset.name,
      source: asset.source,
    });
    await fetchAsset(asset, extensionDir, { ...context, signal }, async (path) => {
      const { size } = await stat(path);
      await cache.put({ digest, size }, () => filePieces(path), { signal });
      return path;
    });
    const path = await cache.path(digest);
    if (path === undefined) throw new Error(`the cache lost ${digest}`);
    return { path };
  }
}
