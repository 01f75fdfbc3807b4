import { readExtension } from '#oci';
import { packageId } from '#resolver';
import type { LockEntry } from '#schemas';
import { hostPlatform, type Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import { withContents } from '../metadata/with-contents.js';
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
 * its packages, so that resolving and installing work with --offline. Nothing is installed.
 * @throws MANAGER_LOCK_MISSING, OCI_*
 */
export async function fetchLock(
  { workspace, allPlatforms = false }: FetchLockRequest,
  context: ManagerContext,
): Promise<FetchLockResult> {
  const lock = await requireLock(workspace.lockFile);
  const { signal, provVersion } = context;
  return withContents({ workspace, context }, async ({ registries, contents }) => {
    const { source, requirements } = resolutionOptions({ workspace, registries }, context);
    const roots = requirements.map(({ registry, repository, range }) => ({
      id: packageId(registry, repository),
      range,
    }));
    await source.closure(roots, { signal });
    const remote = lock.extensions.flatMap((entry) =>
      'repository' in entry.source
        ? [{ entry, id: packageId(entry.source.registry, entry.source.repository) }]
        : [],
    );
    await contents.prime(remote.map(({ entry, id }) => ({ id, digest: entry.manifest.digest })));
    let pieces = 0;
    let bytes = 0;
    const fetchOne = async ({ entry, id }: (typeof remote)[number]) => {
      const store = contents.store(id, entry);
      context.onEvent?.({ event: 'fetching', message: `fetching ${entry.name} ${entry.version}` });
      await readExtension(store, entry.manifest, { provVersion, signal });
      await collectSignatures(store, entry.manifest, signal);
      for (const layer of wantedLayers(entry, allPlatforms)) {
        for await (const chunk of await store.fetch(layer, { signal })) bytes += chunk.byteLength;
      }
      pieces += 2 + wantedLayers(entry, allPlatforms).length;
    };
    for (let at = 0; at < remote.length; at += CONCURRENCY) {
      signal?.throwIfAborted();
      await Promise.all(remote.slice(at, at + CONCURRENCY).map(fetchOne));
    }
    return { extensions: remote.length, pieces, bytes };
  });
}

function wantedLayers({ layers }: LockEntry, all: boolean) {
  return layers
    .filter(({ platform }) => all || platform === undefined || platform === hostPlatform())
    .map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
}
