import { assertWithin, type Digest, digestAlgorithm, digestOf, LIMITS, ProvError, parseDigest } from '#base';
import { type Descriptor, isManifestType } from '#schemas';
import type { ByteSource, CallOptions, PushOptions } from '../content-store.js';
import { describeReferrer, EMPTY_BYTES, EMPTY_DESCRIPTOR } from '../manifest-codec.js';
import { isReferrersTag, referrersTag } from '../referrers-tag.js';
import { SharedWork } from '../shared-work.js';
import { downloadBlob } from './blob-download.js';
import { headBlob, mountBlob, uploadBlob } from './blob-upload.js';
import { listStrings } from './pages.js';
import { hasReferrersApi, queryReferrers } from './referrers-query.js';
import { addReferrer, type ReferrersEdit, removeReferrer } from './referrers-tag.js';
import type { RegistryClient } from './registry-client.js';
import { RemoteManifests } from './remote-manifests.js';
import type { PushManifestOptions, RemoteRepository, TagOptions } from './remote-registry.js';
import { RepositoryAccess } from './repository-access.js';

/** Tags asked for at once; registries may give fewer. */
const TAGS_PER_PAGE = 1000;

/** A repository on a registry as a content store. @throws SCHEMAS_NAME_INVALID */
export function createRemoteRepository(client: RegistryClient, name: string): RemoteRepository {
  const access = new RepositoryAccess(client, name);
  const { label } = access;
  const manifests = new RemoteManifests(access);
  const uploads = new SharedWork();
  const uploaded = new Set<Digest>();

  async function pushManifest(
    bytes: Uint8Array,
    mediaType: string,
    options: PushManifestOptions = {},
  ): Promise<Descriptor> {
    return storeManifest(bytes, { mediaType, digest: digestOf(bytes), size: bytes.byteLength }, options);
  }

  async function storeManifest(
    bytes: Uint8Array,
    descriptor: Descriptor,
    options: PushManifestOptions,
  ): Promise<Descriptor> {
    const { subject, referrer } = describeReferrer(descriptor, bytes);
    const pushed = await manifests.push(bytes, descriptor, options);
    if (subject === undefined) return descriptor;
    const { signal } = options;
    const kept = pushed.stored
      ? pushed.subject === subject.digest
      : await hasReferrersApi(access, subject.digest, signal);
    if (!kept) await addReferrer(edit(subject.digest, signal), referrer);
    return descriptor;
  }

  function edit(subject: Digest, signal: AbortSignal | undefined): ReferrersEdit {
    return {
      manifests,
      label,
      subject,
      signal,
      maxPauseMs: Math.min(1000, client.settings.retry.maxDelayMs),
    };
  }

  /** Two pushes of one blob at once are one. */
  function pushBlob(descriptor: Descriptor, source: ByteSource, options: PushOptions): Promise<void> {
    const { digest } = descriptor;
    const upload = async (shared: CallOptions) => {
      // Whoever asked before another one ended has heard that it is not there.
      if (options.absent && uploaded.has(digest) && !access.doubtful.has(digest)) return;
      await uploadBlob(access, descriptor, { source, ...options, ...shared });
      if (uploaded.size < LIMITS.graphNodes) uploaded.add(digest);
    };
    return uploads.run(digest, upload, options);
  }

  async function deleteManifest(digest: string, { signal }: CallOptions = {}): Promise<boolean> {
    const found = await manifests.find(parseDigest(digest), { signal });
    if (found === undefined) return false;
    const { subject } = describeReferrer(found.descriptor, found.bytes);
    const deleted = await manifests.delete(digest, signal);
    if (
      deleted &&
      subject !== undefined &&
      (await manifests.head(referrersTag(subject.digest), { signal }))
    ) {
      await removeReferrer(edit(subject.digest, signal), found.descriptor.digest);
    }
    return deleted;
  }

  async function fetchContent(
    descriptor: Descriptor,
    options: CallOptions = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    const embedded = embeddedContent(descriptor);
    if (embedded) return once(embedded);
    if (!isManifestType(descriptor.mediaType)) return downloadBlob(access, descriptor, options);
    const found = await manifests.find(descriptor.digest, { signal: options.signal });
    if (found === undefined) throw access.missing(descriptor.digest);
    checkSize(descriptor, found.bytes.byteLength, label);
    return once(found.bytes);
  }

  return {
    label,
    registry: client.settings.registry,
    repository: name,
    fetch: fetchContent,
    fetchRest: (descriptor, digester, options) =>
      downloadBlob(access, descriptor, { ...options, resume: { digester } }),
    async exists(descriptor, { signal } = {}) {
      if (isManifestType(descriptor.mediaType))
        return (await manifests.head(descriptor.digest, { signal })) !== undefined;
      if (access.doubtful.has(descriptor.digest)) return false;
      const size = await headBlob(access, descriptor.digest, { signal, allow: 'pull' });
      if (size !== undefined && size > 0) checkSize(descriptor, size, label);
      return size !== undefined;
    },
    async resolve(tagOrDigest, { signal } = {}) {
      const descriptor = await manifests.head(tagOrDigest, { signal });
      if (descriptor) return descriptor;
      throw new ProvError('OCI_REFERENCE_NOT_FOUND', { reference: tagOrDigest, where: label });
    },
    async list({ signal } = {}) {
      const target = `tags/list?n=${TAGS_PER_PAGE}`;
      const call = access.complete({ method: 'GET', target, allow: 'pull', expect: [200, 404], signal });
      return (await listStrings(client, call, 'tags')).filter((tag) => !isReferrersTag(tag));
    },
    async referrers(subject, artifactType, { signal } = {}) {
      return (await queryReferrers(access, manifests, { subject: subject.digest, artifactType, signal }))
        .descriptors;
    },
    inspectReferrers: (subject, artifactType, { signal } = {}) =>
      queryReferrers(access, manifests, { subject: subject.digest, artifactType, signal }),
    async push(descriptor, source, { signal, onProgress, absent } = {}) {
      if (!isManifestType(descriptor.mediaType))
        return pushBlob(descriptor, source, { signal, onProgress, absent });
      const bytes = await collect(descriptor, source);
      const actual = digestOf(bytes, digestAlgorithm(descriptor.digest));
      if (actual !== descriptor.digest) {
        throw new ProvError('OCI_DIGEST_MISMATCH', {
          where: 'the source',
          expected: descriptor.digest,
          actual,
        });
      }
      await storeManifest(bytes, descriptor, { signal, absent });
    },
    async pushTagged({ descriptor, bytes }, tag, { signal } = {}) {
      await storeManifest(bytes, descriptor, { tags: [tag], signal });
    },
    tag: (descriptor: Descriptor, tag: string, options: TagOptions = {}) =>
      manifests.tag(descriptor, tag, options),
    mount: (descriptor, fromRepository, { signal } = {}) =>
      mountBlob(access, descriptor, { from: fromRepository, signal }),
    pushManifest,
    async fetchManifest(tagOrDigest, { signal } = {}) {
      const { descriptor, bytes } = await manifests.fetch(tagOrDigest, { signal });
      return { descriptor, bytes };
    },
    deleteManifest,
    deleteTag: (tag, { signal } = {}) => manifests.delete(tag, signal),
    readTag: (tag, { signal } = {}) => manifests.find(tag, { signal, allow: 'push' }),
    async replaceTag(tag, { bytes, mediaType }, expected, { signal } = {}) {
      const condition: Record<string, string> = {};
      if (expected === undefined) condition['if-none-match'] = '*';
      else if (expected.etag !== undefined) condition['if-match'] = expected.etag;
      const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
      return manifests.putIf(tag, { descriptor, bytes }, { condition, signal });
    },
    headBlob: (digest, { signal } = {}) => headBlob(access, parseDigest(digest), { signal, allow: 'pull' }),
  };
}

/** Content that travels inside its descriptor; only when it is really that content. Of `{}` the digest says enough. */
function embeddedContent({ data, digest, size }: Descriptor): Uint8Array | undefined {
  if (digest === EMPTY_DESCRIPTOR.digest && size === EMPTY_BYTES.byteLength) return EMPTY_BYTES;
  if (data === undefined || data.length > LIMITS.annotationBytes) return undefined;
  const bytes = Buffer.from(data, 'base64');
  return bytes.byteLength === size && digestOf(bytes, digestAlgorithm(digest)) === digest ? bytes : undefined;
}

async function collect(descriptor: Descriptor, source: ByteSource): Promise<Uint8Array> {
  assertWithin(descriptor.size, LIMITS.manifestBytes, `the manifest ${descriptor.digest}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source()) {
    size += chunk.byteLength;
    if (size > descriptor.size) break;
    chunks.push(chunk);
  }
  checkSize(descriptor, size, 'the source');
  return Buffer.concat(chunks);
}

function checkSize({ digest, size }: Descriptor, actual: number, where: string): void {
  if (actual !== size) throw new ProvError('OCI_SIZE_MISMATCH', { digest, where, actual, expected: size });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
