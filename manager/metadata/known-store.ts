import { stat } from 'node:fs/promises';
import { type Digest, digestHex, isDigest, ProvError } from '#base';
import { type CallOptions, type ContentCache, mayDoubt, type ReadStore, resolveOptional } from '#oci';
import { type Descriptor, type LockEntry, MEDIA } from '#schemas';
import type { ContentPack } from './ask-contents.js';

/** A store that answers from a pack first, and asks `store` for the rest. */
export function packedStore(store: ReadStore, repository: string, pack: ContentPack): ReadStore {
  const referrersOf = (subject: Descriptor, artifactType: string | undefined) => {
    const known = pack.item(repository, subject.digest)?.referrers;
    return artifactType === undefined ? known : known?.filter((each) => each.artifactType === artifactType);
  };
  return {
    ...store,
    ...(mayDoubt(store) && {
      async inspectReferrers(subject: Descriptor, artifactType?: string, options?: CallOptions) {
        const descriptors = referrersOf(subject, artifactType);
        if (descriptors === undefined) return store.inspectReferrers(subject, artifactType, options);
        return { descriptors, from: ['api'] as const, certain: true };
      },
    }),
    async fetch(descriptor, options) {
      const bytes = pack.bytes.get(descriptor.digest);
      return bytes?.byteLength === descriptor.size ? once(bytes) : store.fetch(descriptor, options);
    },
    exists: async (descriptor, options) =>
      pack.bytes.has(descriptor.digest) || store.exists(descriptor, options),
    async resolve(tagOrDigest, options) {
      const found = lookUp(tagOrDigest);
      if (found === 'absent') throw notFound(store, tagOrDigest);
      return found ?? store.resolve(tagOrDigest, options);
    },
    async resolveOptional(tagOrDigest, options) {
      const found = lookUp(tagOrDigest);
      if (found === 'absent') return undefined;
      return found ?? resolveOptional(store, tagOrDigest, options);
    },
    async referrers(subject, artifactType, options) {
      return referrersOf(subject, artifactType) ?? (await store.referrers(subject, artifactType, options));
    },
  };

  function lookUp(tagOrDigest: string): Descriptor | 'absent' | undefined {
    return isDigest(tagOrDigest) ? manifestOf(tagOrDigest) : signatureOf(tagOrDigest);
  }

  function manifestOf(digest: Digest): Descriptor | undefined {
    const item = pack.item(repository, digest);
    const bytes = pack.bytes.get(digest);
    return item && bytes && { mediaType: item.mediaType, digest, size: bytes.byteLength };
  }

  function signatureOf(tag: string): Descriptor | 'absent' | undefined {
    const hex = /^sha(256|512)-([0-9a-f]+)\.sig$/.exec(tag);
    const digest = hex === null ? undefined : `sha${hex[1]}:${hex[2]}`;
    const item = isDigest(digest) ? pack.item(repository, digest) : undefined;
    return item === undefined ? undefined : (item.legacy ?? 'absent');
  }
}

/** Where a locked version comes from when no registry may be asked: its lock entry and the content cache. */
export interface OfflinePlace {
  readonly cache: ContentCache;
  /** For messages: host and repository. */
  readonly label: string;
  /** What the lock says of it, when it is locked. */
  readonly entry?: LockEntry | undefined;
}

/** A store of what this machine has; it opens no connection, and what is not here is missing. */
export function offlineStore({ cache, label, entry }: OfflinePlace): ReadStore {
  const described = async (digest: Digest, mediaType: string): Promise<Descriptor | undefined> => {
    const path = await cache.path(digest);
    return path === undefined ? undefined : { mediaType, digest, size: (await stat(path)).size };
  };
  return {
    label: `${label} (offline)`,
    async fetch(descriptor: Descriptor, options?: CallOptions) {
      const cached = await cache.get(descriptor, options);
      if (cached !== undefined) return cached;
      throw new ProvError('OCI_CONTENT_MISSING', { digest: descriptor.digest, where: cache.directory });
    },
    exists: ({ digest }) => cache.has(digest),
    async resolve(tagOrDigest) {
      const { manifest, signatures } = entry ?? {};
      const isManifest = manifest?.digest === tagOrDigest;
      const signed = manifest && tagOrDigest === `sha256-${digestHex(manifest.digest)}.sig`;
      const digest = isDigest(tagOrDigest) ? tagOrDigest : signed ? signatures?.legacy : undefined;
      const type = isManifest ? manifest.mediaType : MEDIA.ociManifest;
      const found = digest === undefined ? undefined : await described(digest, type);
      if (found !== undefined) return found;
      throw notFound({ label }, tagOrDigest);
    },
    list: () => Promise.reject(new ProvError('MANAGER_OFFLINE', { registry: label })),
    async referrers() {
      const bundles = entry?.signatures?.bundles ?? [];
      const found = await Promise.all(bundles.map((digest) => described(digest, MEDIA.ociManifest)));
      return found.filter((each) => each !== undefined);
    },
  };
}

function notFound({ label }: { readonly label: string }, reference: string): ProvError {
  return new ProvError('OCI_REFERENCE_NOT_FOUND', { reference, where: label });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
