import { stat } from 'node:fs/promises';
import { readExtension } from '#oci';
import { packageId } from '#resolver';
import { type Asset, isRemoteEntry, type LockEntry } from '#schemas';
import { hostPlatform, type Workspace } from '#workspace';
import { type AssetPath, withAssetCache } from '../assets/asset-cache.js';
import type { ManagerContext } from '../context.js';
import { isForThisMachine } from '../install/installed-state.js';
import { type WorkspaceSources, withContents } from '../metadata/with-contents.js';
import { requireLock } from '../resolve/lock-file.js';
import { resolutionOptions } from '../resolve/resolution-options.js';
import { collectSignatures } from '../trust/collect-signatures.js';

/** Extensions fetched at once. */
const CONCURRENCY = 8;

export interface FetchLockRequest {
  readonly workspace: Workspace;
  /** Vendored assets of every platform, not only of this machine. */
  readonly allPlatforms?: boolean | undefined;
}

export interface FetchLockResult {
  readonly extensions: number;
  /** Pieces of content that are on this machine now. */
  readonly pieces: number;
  readonly bytes: number;
}

/**
 * Brings everything that a lock names onto this machine, with its signatures and what the registries know of
 * its packages, and assets that only their publishers have, so that resolving and installing work with --offline. Nothing is installed.
 * @throws MANAGER_LOCK_MISSING, OCI_*
 */
export async function fetchLock(
  { workspace, allPlatforms = false }: FetchLockRequest,
  context: ManagerContext,
): Promise<FetchLockResult> {
  const lock = await requireLock(workspace.lockFile);
  const { signal, provVersion } = context;
  const fetchAll = async ({ registries, contents }: WorkspaceSources, assetPath: AssetPath) => {
    const { source, requirements } = resolutionOptions({ workspace, registries }, context);
    const roots = requirements.map(({ registry, repository, range }) => ({
      id: packageId(registry, repository),
      range,
    }));
    await source.closure(roots, { signal });
    const remote = lock.extensions
      .filter(isRemoteEntry)
      .map((entry) => ({ entry, id: packageId(entry.source.registry, entry.source.repository) }));
    await contents.prime(remote.map(({ entry, id }) => ({ id, digest: entry.manifest.digest })));
    let pieces = 0;
    let bytes = 0;
    const fetchOne = async ({ entry, id }: (typeof remote)[number]) => {
      const store = contents.store(id, entry);
      context.onEvent?.({ event: 'fetching', message: `fetching ${entry.name} ${entry.version}` });
      const { config } = await readExtension(store, entry.manifest, { provVersion, signal });
      await collectSignatures(store, entry.manifest, signal);
      for (const layer of wantedLayers(entry, allPlatforms)) {
        for await (const chunk of await store.fetch(layer, { signal })) bytes += chunk.byteLength;
      }
      pieces += 2 + wantedLayers(entry, allPlatforms).length;
      for (const asset of upstreamAssets(config.assets ?? [], entry, allPlatforms)) {
        const { path } = await assetPath(asset, workspace.root);
        bytes += (await stat(path)).size;
        pieces += 1;
      }
    };
    for (let at = 0; at < remote.length; at += CONCURRENCY) {
      signal?.throwIfAborted();
      await Promise.all(remote.slice(at, at + CONCURRENCY).map(fetchOne));
    }
    return { extensions: remote.length, pieces, bytes };
  };
  return withContents({ workspace, context }, (sources) =>
    withAssetCache(context, (assetPath) => fetchAll(sources, assetPath)),
  );
}

/** Assets that nothing carries: an install gets them from where they are published, and offline from the cache. */
function upstreamAssets(declared: readonly Asset[], { layers }: LockEntry, all: boolean): readonly Asset[] {
  const carried = new Set<string>(layers.map(({ digest }) => digest));
  return declared.filter(
    (asset) =>
      (all || isForThisMachine(asset)) &&
      !asset.source.startsWith('file:') &&
      !carried.has(`sha256:${asset.sha256}`),
  );
}

function wantedLayers({ layers }: LockEntry, all: boolean) {
  return layers
    .filter(({ platform }) => all || platform === undefined || platform === hostPlatform())
    .map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
}
