import type { Digest } from '#base';
import { type Descriptor, isManifestType } from '#schemas';
import type { ContentStore } from '../content-store.js';
import { bytesSource, collect } from '../fetch-bytes.js';

/**
 * A store that takes everything and changes nothing: what was pushed and tagged is there for whoever asks this one,
 * manifests with their bytes. What `store` has is there too. It is to a directory what a rehearsal is to a registry.
 */
export function unwrittenStore(store: ContentStore): ContentStore {
  const pushed = new Map<Digest, Uint8Array | undefined>();
  const tags = new Map<string, Descriptor>();
  return {
    label: store.label,
    async push(descriptor, source) {
      const bytes = isManifestType(descriptor.mediaType) ? await collect(source()) : undefined;
      pushed.set(descriptor.digest, bytes);
    },
    async tag(descriptor, tag) {
      tags.set(tag, descriptor);
    },
    async fetch(descriptor, options) {
      const bytes = pushed.get(descriptor.digest);
      return bytes === undefined ? store.fetch(descriptor, options) : bytesSource(bytes)();
    },
    exists: async (descriptor, options) =>
      pushed.has(descriptor.digest) || (await store.exists(descriptor, options)),
    resolve: async (reference, options) => tags.get(reference) ?? store.resolve(reference, options),
    list: async (options) => [...new Set([...(await store.list(options)), ...tags.keys()])].sort(),
    referrers: (descriptor, artifactType, options) => store.referrers(descriptor, artifactType, options),
  };
}
