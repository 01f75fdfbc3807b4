import { readFile } from 'node:fs/promises';
import { type Digest, isDigest, isProvError, LIMITS, log } from '#base';
import { type ContentCache, cachedStore, openContentCache, type ReadStore } from '#oci';
import { type Descriptor, type FileReference, isManifestType, type RemoteReference } from '#schemas';
import type { TrustPolicy } from '#trust';
import { type Location, openLocation } from '../access/location.js';
import type { Registries } from '../access/registries.js';
import { contentCacheDir, type ManagerContext } from '../context.js';

/** A place to pull from, whose content is kept on this machine when it comes over a network. */
export interface PullSource extends Location {
  /** Content comes from the cache when it is there. */
  readonly cached: ReadStore;
  readonly cache: ContentCache | undefined;
  readonly root: Descriptor;
}

/**
 * Opens a reference and finds what it names. A digest whose manifest is cached costs no request, a tag costs
 * one. With a policy, it says who may bring a yanked version back into a range.
 */
export async function openPullSource(
  reference: RemoteReference | FileReference,
  registries: Registries,
  context: ManagerContext,
  policy?: TrustPolicy,
): Promise<PullSource> {
  const { signal } = context;
  const location = await openLocation(reference, registries, { usable: true, policy, signal });
  const cache = location.registry === undefined ? undefined : await openCache(context);
  try {
    const { store, target } = location;
    const known = cache && isDigest(target) ? await cachedManifest(cache, target, context) : undefined;
    return {
      ...location,
      cache,
      cached: cache ? cachedStore(store, cache) : store,
      root: known ?? (await store.resolve(target, { signal })),
      async close() {
        await cache?.close();
        await location.close();
      },
    };
  } catch (error) {
    await cache?.close();
    await location.close();
    throw error;
  }
}

/** A machine whose home cannot be written pulls all the same, only without keeping what came. */
async function openCache(context: ManagerContext): Promise<ContentCache | undefined> {
  try {
    return await openContentCache(contentCacheDir(context));
  } catch (error) {
    if (!isProvError(error, 'BASE_FILE_UNWRITABLE') && !isProvError(error, 'BASE_DISK_FULL')) throw error;
    log.warn('what is fetched is not kept on this machine, and a broken pull begins anew', {
      reason: error.message,
    });
    return undefined;
  }
}

/** The descriptor of a manifest that is in the cache, by what it says of itself. */
async function cachedManifest(
  cache: ContentCache,
  digest: Digest,
  { signal }: ManagerContext,
): Promise<Descriptor | undefined> {
  if ((cache.sizeOf(digest) ?? 0) > LIMITS.manifestBytes) return undefined;
  const path = await cache.path(digest, { signal });
  if (path === undefined) return undefined;
  const bytes = await readFile(path);
  try {
    const { mediaType } = JSON.parse(bytes.toString('utf8')) as { mediaType?: unknown };
    return typeof mediaType === 'string' && isManifestType(mediaType)
      ? { mediaType, digest, size: bytes.byteLength }
      : undefined;
  } catch {
    return undefined;
  }
}
