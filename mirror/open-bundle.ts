import { type Digest, ProvError } from '#base';
import {
  describeReferrer,
  discoverGraph,
  fetchBytes,
  type OciLayoutTar,
  openOciLayoutTar,
  parseSideTag,
  type ReadStore,
  selectReferrers,
} from '#oci';
import { ANNOTATION, type Descriptor, type ImageIndex, isManifestType } from '#schemas';
import { type BundleContent, readBundleManifest } from './bundle-format.js';
import { assertProof, groupRoots, type LockRoot, lockRoots } from './lock-roots.js';

/** A bundle open for reading. */
export interface Bundle {
  readonly file: string;
  /** Bytes of the file. */
  readonly size: number;
  readonly content: BundleContent;
  /** Roots of the lock, by repository. */
  readonly groups: readonly (readonly LockRoot[])[];
  repository(name: string): ReadStore;
  close(): Promise<void>;
}

/** What checking a bundle found. */
export interface BundleSummary {
  readonly manifests: number;
  readonly blobs: number;
  /** Of manifests and blobs, each once. */
  readonly bytes: number;
  /** Manifests that refer to an extension or to what it consists of, by digest of the extension's manifest. */
  readonly proofs: ReadonlyMap<Digest, number>;
  /** Side tags of what the lock names (`sha256-<hex>.sig` and the like), by repository, then by tag. */
  readonly sideTags: ReadonlyMap<string, ReadonlyMap<string, Descriptor>>;
}

const DAMAGE: ReadonlySet<string> = new Set([
  'OCI_CONTENT_MISSING',
  'OCI_DIGEST_MISMATCH',
  'OCI_SIZE_MISMATCH',
  'OCI_LAYOUT_INVALID',
  'OCI_REFERENCE_NOT_FOUND',
  'SCHEMAS_WIRE_INVALID',
  'SCHEMAS_LOCK_INVALID',
  'BASE_LIMIT_EXCEEDED',
  'BASE_JSON_INVALID',
  'MIRROR_PROOF_MISSING',
  'MIRROR_SOURCE_LOCAL',
  'MIRROR_LOCK_AMBIGUOUS',
]);

/**
 * Opens a bundle and reads its lock; content is not looked at yet.
 * @throws MIRROR_BUNDLE_INVALID, MIRROR_BUNDLE_FOREIGN, BASE_FILE_MISSING
 */
export async function openBundle(file: string, signal?: AbortSignal): Promise<Bundle> {
  return asDamage(file, async () => {
    const tar = await openOciLayoutTar(file, signal === undefined ? {} : { signal });
    try {
      const content = await readBundleManifest(file, { index: tar.index, store: tar.repository('') }, signal);
      const groups = groupRoots(lockRoots(content.lock));
      const index = await indexReferrers(tar, signal);
      assertOnlyLocked(file, tar.index, groups.flat());
      return {
        file,
        size: tar.size,
        content,
        groups,
        repository: (name) => withReferrers(tar.repository(name), index),
        close: () => tar.close(),
      };
    } catch (error) {
      await tar.close();
      throw error;
    }
  });
}

/**
 * Reads everything that the lock names and all that belongs to it, to the last byte: each piece is there and
 * is what its digest says.
 * @throws MIRROR_BUNDLE_INVALID naming what is missing or wrong.
 */
export async function verifyBundle(bundle: Bundle, signal?: AbortSignal): Promise<BundleSummary> {
  return asDamage(bundle.file, async () => {
    const sizes = new Map<Digest, number>();
    const blobs = new Map<Digest, Descriptor>();
    const proofs = new Map<Digest, number>();
    const sideTags = new Map<string, Map<string, Descriptor>>();
    for (const group of bundle.groups) {
      const { repository } = group[0]!;
      const store = bundle.repository(repository);
      const own = sideTags.get(repository) ?? new Map<string, Descriptor>();
      sideTags.set(repository, own);
      for (const root of group) {
        await assertTagged(store, root, signal);
        const graph = await discoverGraph(store, [root.descriptor], { signal });
        const carried = [...graph.manifests.map(({ descriptor }) => descriptor), ...graph.blobs];
        assertProof(root, new Set(carried.map(({ digest }) => digest)), bundle.file);
        proofs.set(root.descriptor.digest, graph.manifests.length - 1);
        for (const [tag, descriptor] of graph.sideTags) own.set(tag, descriptor);
        for (const { digest, size } of carried) sizes.set(digest, size);
        for (const blob of graph.blobs) blobs.set(blob.digest, blob);
      }
    }
    await assertNoStrayTags(bundle, sideTags, signal);
    const any = bundle.repository('');
    for (const blob of blobs.values()) {
      for await (const _ of await any.fetch(blob, { signal })) signal?.throwIfAborted();
    }
    const bytes = [...sizes.values()].reduce((total, size) => total + size, 0);
    return { manifests: sizes.size - blobs.size, blobs: blobs.size, bytes, proofs, sideTags };
  });
}

async function assertTagged(store: ReadStore, root: LockRoot, signal?: AbortSignal): Promise<void> {
  const tagged = await store.resolve(root.tag, { signal });
  if (tagged.digest === root.descriptor.digest) return;
  throw new ProvError('OCI_DIGEST_MISMATCH', {
    where: `${root.repository}:${root.tag}`,
    actual: tagged.digest,
    expected: root.descriptor.digest,
  });
}

/** A signature of something that the lock does not name was not checked: it may not come along. */
async function assertNoStrayTags(
  { file, repository }: Bundle,
  sideTags: BundleSummary['sideTags'],
  signal?: AbortSignal,
): Promise<void> {
  for (const [name, own] of sideTags) {
    const stray = (await repository(name).list({ signal })).find(
      (tag) => parseSideTag(tag) !== undefined && !own.has(tag),
    );
    if (stray !== undefined)
      throw new ProvError('MIRROR_BUNDLE_INVALID', {
        file,
        reason: `${name}:${stray} belongs to nothing in its lock`,
      });
  }
}

/** A tag that the lock does not list could bring content past the lock: there may be none but side tags. */
function assertOnlyLocked(file: string, index: ImageIndex, roots: readonly LockRoot[]): void {
  const known = new Set(roots.map(({ repository, tag }) => `${repository}:${tag}`));
  const repositories = new Set(roots.map(({ repository }) => repository));
  const isSide = (name: string) => {
    const colon = name.lastIndexOf(':');
    return repositories.has(name.slice(0, colon)) && parseSideTag(name.slice(colon + 1)) !== undefined;
  };
  for (const entry of index.manifests) {
    const name = entry.annotations?.[ANNOTATION.refName];
    // Taken for a blob, a manifest would lose what it refers to.
    if (!isManifestType(entry.mediaType)) {
      const reason = `${name ?? entry.digest} is listed as ${entry.mediaType}, which is no manifest`;
      throw new ProvError('MIRROR_BUNDLE_INVALID', { file, reason });
    }
    if (name === undefined || known.has(name) || isSide(name)) continue;
    throw new ProvError('MIRROR_BUNDLE_INVALID', {
      file,
      reason: `it holds ${name}, which its lock does not list`,
    });
  }
}

type ReferrerIndex = ReadonlyMap<Digest, readonly Descriptor[]>;

/** Reads every listed manifest once, so that finding referrers does not read them again for each subject. */
async function indexReferrers(tar: OciLayoutTar, signal?: AbortSignal): Promise<ReferrerIndex> {
  const store = tar.repository('');
  const bySubject = new Map<Digest, Descriptor[]>();
  for (const { mediaType, digest, size } of tar.index.manifests) {
    const manifest = { mediaType, digest, size };
    const { subject, referrer } = describeReferrer(manifest, await fetchBytes(store, manifest, { signal }));
    if (subject !== undefined)
      bySubject.set(subject.digest, [...(bySubject.get(subject.digest) ?? []), referrer]);
  }
  return bySubject;
}

function withReferrers(store: ReadStore, index: ReferrerIndex): ReadStore {
  return {
    ...store,
    referrers: async ({ digest }, artifactType) => selectReferrers(index.get(digest) ?? [], artifactType),
  };
}

/** Everything that only a damaged or hostile file can cause is one error, with what was found as its reason. */
async function asDamage<T>(file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (!(error instanceof ProvError) && code === 'EISDIR') {
      throw new ProvError(
        'BASE_FILE_UNREADABLE',
        { path: path ?? file, reason: 'it is a directory' },
        { cause: error },
      );
    }
    if (!(error instanceof ProvError) || !DAMAGE.has(error.code)) throw error;
    throw new ProvError(
      'MIRROR_BUNDLE_INVALID',
      { file, reason: error.message, found: error.code },
      { cause: error },
    );
  }
}
