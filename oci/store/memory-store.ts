import { type Digest, isDigest, ProvError } from '#base';
import { type Descriptor, isManifestType } from '#schemas';
import type { ContentStore } from '../content-store.js';
import { collect } from '../fetch-bytes.js';
import { describeReferrer } from '../manifest-codec.js';
import { verifiedStream } from '../verified-stream.js';
import { assertTagFree, type TagPolicy, versionTagsAreImmutable } from './tag-policy.js';

/** A whole repository in memory, with the behaviour of the durable ones; for tests and small work. */
export function createMemoryStore(
  label = 'memory',
  policy: TagPolicy = versionTagsAreImmutable,
): ContentStore {
  const contents = new Map<Digest, { descriptor: Descriptor; bytes: Uint8Array }>();
  const tags = new Map<string, Descriptor>();

  function entry(descriptor: Descriptor) {
    const found = contents.get(descriptor.digest);
    if (!found) throw new ProvError('OCI_CONTENT_MISSING', { digest: descriptor.digest, where: label });
    return found;
  }

  return {
    label,
    async fetch(descriptor, options) {
      options?.signal?.throwIfAborted();
      const { bytes } = entry(descriptor);
      return verifiedStream(once(bytes), descriptor, label, options?.signal);
    },
    async exists(descriptor, options) {
      options?.signal?.throwIfAborted();
      return contents.get(descriptor.digest)?.bytes.byteLength === descriptor.size;
    },
    async resolve(tagOrDigest, options) {
      options?.signal?.throwIfAborted();
      const found = isDigest(tagOrDigest) ? contents.get(tagOrDigest)?.descriptor : tags.get(tagOrDigest);
      if (!found) throw new ProvError('OCI_REFERENCE_NOT_FOUND', { reference: tagOrDigest, where: label });
      return found;
    },
    async list(options) {
      options?.signal?.throwIfAborted();
      return [...tags.keys()].sort();
    },
    async referrers(descriptor, artifactType, options) {
      options?.signal?.throwIfAborted();
      const all = [...contents.values()]
        .filter((each) => isManifestType(each.descriptor.mediaType))
        .map((each) => describeReferrer(each.descriptor, each.bytes))
        .filter((each) => each.subject?.digest === descriptor.digest)
        .map((each) => each.referrer);
      return selectReferrers(all, artifactType);
    },
    async push(descriptor, source, options) {
      if (contents.has(descriptor.digest)) return;
      const bytes = await collect(verifiedStream(source(), descriptor, label, options?.signal));
      const { mediaType, digest, size } = descriptor;
      contents.set(digest, { descriptor: { mediaType, digest, size }, bytes: new Uint8Array(bytes) });
    },
    async tag(descriptor, tag, options) {
      options?.signal?.throwIfAborted();
      entry(descriptor);
      assertTagFree(tag, tags.get(tag), descriptor, { policy, where: label });
      const { mediaType, digest, size } = descriptor;
      tags.set(tag, { mediaType, digest, size });
    },
  };
}

/** Referrers of one artifact type (all without one), each once, sorted by digest. */
export function selectReferrers(
  all: readonly Descriptor[],
  artifactType: string | undefined,
): readonly Descriptor[] {
  const unique = new Map(all.map((each) => [each.digest, each]));
  return [...unique.values()]
    .filter((each) => artifactType === undefined || each.artifactType === artifactType)
    .sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
