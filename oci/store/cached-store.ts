import { ProvError } from '#base';
import type { Descriptor } from '#schemas';
import { type CallOptions, mayDoubt, type ReadStore } from '../content-store.js';
import type { ContentCache } from './content-cache.js';

export interface CachedStoreOptions {
  /** Content above this size passes by the cache. Default: all of it is kept. */
  readonly maxBytes?: number;
  /** Never asks the store for content: what the cache lacks is missing. */
  readonly offline?: boolean;
}

/**
 * A store whose content is kept in `cache` on first use and comes from there afterwards, verified each time.
 * Tags and referrers are always asked of the store itself, since they may change.
 */
export function cachedStore(
  store: ReadStore,
  cache: ContentCache,
  options: CachedStoreOptions = {},
): ReadStore {
  async function fetch(descriptor: Descriptor, call?: CallOptions): Promise<AsyncIterable<Uint8Array>> {
    const cached = await cache.get(descriptor, call);
    if (cached !== undefined) return cached;
    if (options.offline === true) {
      throw new ProvError('OCI_CONTENT_MISSING', { digest: descriptor.digest, where: cache.directory });
    }
    if (options.maxBytes !== undefined && descriptor.size > options.maxBytes)
      return store.fetch(descriptor, call);
    await cache.fill(descriptor, store, call);
    return (await cache.get(descriptor, call)) ?? store.fetch(descriptor, call);
  }
  return {
    label: store.label,
    fetch,
    exists: async (descriptor, call) =>
      (await cache.has(descriptor.digest)) || store.exists(descriptor, call),
    resolve: (tagOrDigest, call) => store.resolve(tagOrDigest, call),
    list: (call) => store.list(call),
    referrers: (descriptor, artifactType, call) => store.referrers(descriptor, artifactType, call),
    ...(mayDoubt(store)
      ? {
          inspectReferrers: (subject: Descriptor, artifactType?: string, call?: CallOptions) =>
            store.inspectReferrers(subject, artifactType, call),
        }
      : {}),
  };
}
