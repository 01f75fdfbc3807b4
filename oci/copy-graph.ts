import { type Digest, digestAlgorithm, ProvError } from '#base';
import { type Descriptor, isManifestType, parseOciManifest } from '#schemas';
import type { UncertainReferrers } from './ask-referrers.js';
import { BlobTraffic } from './blob-traffic.js';
import { boundedEach } from './bounded-each.js';
import type {
  ByteProgress,
  CallOptions,
  ContentStore,
  MountingStore,
  ReadStore,
  TaggingStore,
} from './content-store.js';
import { bytesSource } from './fetch-bytes.js';
import { type ContentGraph, discoverGraph, type GraphManifest, type GraphOptions } from './graph.js';
import { successors } from './manifest-codec.js';
import { mergeSideTag } from './merge-side-tag.js';
import { parseSideTag } from './referrers-tag.js';
import { repairPush } from './repair-push.js';
import { resolveOptional } from './resolve-optional.js';
import { assertTagFree, versionTagsAreImmutable } from './store/tag-policy.js';

/** What happened to one piece of content while a graph was copied. */
export type CopyEvent =
  | { readonly type: 'planned'; readonly manifests: number; readonly blobs: number; readonly bytes: number }
  | { readonly type: 'copied' | 'skipped' | 'mounted'; readonly descriptor: Descriptor }
  | { readonly type: 'progress'; readonly descriptor: Descriptor; readonly progress: ByteProgress }
  | { readonly type: 'tagged'; readonly tag: string; readonly descriptor: Descriptor };

export interface CopyOptions extends GraphOptions {
  /** Tags to set on manifests of the graph, last of all. */
  readonly tags?: ReadonlyMap<Digest, readonly string[]>;
  /** Called with every manifest before the first byte is written; throwing stops the copy with nothing written. */
  readonly verify?: (descriptor: Descriptor, bytes: Uint8Array) => Promise<void>;
  /** Blobs moved at the same time. Default 4. */
  readonly concurrency?: number;
  /** The source's repository, when source and target are on one registry: blobs are mounted, not moved. */
  readonly mountFrom?: string;
  /** Shared by several copies to one target. */
  readonly traffic?: BlobTraffic | undefined;
  readonly onEvent?: (event: CopyEvent) => void;
}

export interface CopyResult {
  /** Pieces of content written (mounted ones included). */
  readonly copied: number;
  /** Pieces that the target had already. */
  readonly skipped: number;
  /** Bytes written; mounted blobs count nothing. */
  readonly bytes: number;
  readonly tagged: readonly string[];
  /** Where the source's answer about referrers leaves doubt: something may be missing. */
  readonly uncertain: readonly UncertainReferrers[];
}

/** Four at a time saturate a link without holding many sockets; more gained nothing on loopback. */
export const COPY_CONCURRENCY = 4;

/**
 * Copies the closure of `roots`, with referrers and side tags, so that whatever is visible at the target is
 * complete: everything is found and verified first (also that no version tag is taken), then blobs, then manifests (children before parents,
 * subjects before referrers), tags last. Content that is there is not sent again; after a failure or an
 * abort the same call goes on where it stopped. A signature tag that the target has too is merged.
 * @throws OCI_CONTENT_MISSING, OCI_DIGEST_MISMATCH, OCI_SIZE_MISMATCH, OCI_TAG_CONFLICT; what `verify` throws.
 *
 * @example
 * const root = await from.resolve('1.2.0');
 * await copyGraph(from, to, [root], { tags: new Map([[root.digest, ['1.2.0']]]) });
 */
export async function copyGraph(
  from: ReadStore,
  to: ContentStore & Partial<MountingStore & TaggingStore>,
  roots: readonly Descriptor[],
  options: CopyOptions = {},
): Promise<CopyResult> {
  const { onEvent, signal } = options;
  const graph = await discoverGraph(from, roots, options);
  for (const { descriptor, bytes } of graph.manifests) await options.verify?.(descriptor, bytes);
  const wanted = await wantedTags(to, graph, options);
  onEvent?.({
    type: 'planned',
    manifests: graph.manifests.length,
    blobs: graph.blobs.length,
    bytes: sizeOf(graph),
  });

  const { uncertain } = graph;
  const result = { copied: 0, skipped: 0, bytes: 0, tagged: [] as string[], uncertain };
  const { mountFrom, traffic = new BlobTraffic() } = options;
  /** What the target did not have. */
  const brought = new Set<Digest>();
  const note = (type: 'copied' | 'skipped' | 'mounted', descriptor: Descriptor) => {
    if (type === 'skipped') result.skipped += 1;
    else {
      result.copied += 1;
      brought.add(descriptor.digest);
    }
    if (type === 'copied') result.bytes += descriptor.size;
    onEvent?.({ type, descriptor });
  };

  const copyBlobs = (blobs: readonly Descriptor[]) =>
    boundedEach(
      blobs,
      { concurrency: options.concurrency ?? COPY_CONCURRENCY, signal },
      async (blob, inner) => {
        let how: 'copied' | 'skipped' | 'mounted' = 'skipped';
        const onProgress =
          onEvent && ((progress: ByteProgress) => onEvent({ type: 'progress', descriptor: blob, progress }));
        const copyBlob = async (own: CallOptions) => {
          if (await to.exists(blob, { signal: own.signal })) return;
          const mountable = mountFrom !== undefined && to.mount !== undefined;
          if (mountable && (await to.mount?.(blob, mountFrom, { signal: own.signal }))) {
            how = 'mounted';
            return;
          }
          const source = () => lazily(from.fetch(blob, { signal: own.signal }));
          await to.push(blob, source, { ...own, checked: true, absent: true });
          how = 'copied';
        };
        // Asked for and brought in one step: what another copy has just brought is not sent again.
        if (!traffic.here.has(blob.digest))
          await traffic.work.run(blob.digest, copyBlob, { signal: inner, onProgress });
        traffic.here.add(blob.digest);
        note(how, blob);
      },
    );
  await copyBlobs(graph.blobs);
  const together = tagOfLast(graph, wanted);
  const tagged = (tag: string, descriptor: Descriptor) => {
    result.tagged.push(tag);
    onEvent?.({ type: 'tagged', tag, descriptor });
  };
  for (const manifest of graph.manifests) {
    signal?.throwIfAborted();
    const { descriptor, bytes } = manifest;
    const parts = successors(parseOciManifest(bytes, descriptor.mediaType));
    // What came with parts that were not there was not there itself, or not whole.
    const isNew = parts.some(({ digest }) => brought.has(digest));
    if (!isNew && (await to.exists(descriptor, { signal }))) {
      note('skipped', descriptor);
      continue;
    }
    const tag = together?.manifest === manifest && to.pushTagged !== undefined ? together.tag : undefined;
    await repairPush(
      async () => {
        if (tag === undefined) await to.push(descriptor, bytesSource(bytes), { signal, absent: true });
        else await to.pushTagged?.(manifest, tag, { signal });
      },
      () => {
        const blobs = parts.filter(isBlob);
        for (const { digest } of blobs) traffic.here.delete(digest);
        return copyBlobs(blobs);
      },
    );
    note('copied', descriptor);
    if (tag !== undefined) tagged(tag, descriptor);
  }
  for (const { tag, manifest, existing } of wanted) {
    signal?.throwIfAborted();
    if (existing?.digest === manifest.descriptor.digest || result.tagged.includes(tag)) continue;
    const change = existing && parseSideTag(tag) ? { tag, incoming: manifest, existing, signal } : undefined;
    const descriptor = change ? await mergeSideTag(to, change) : manifest.descriptor;
    if (descriptor.digest === existing?.digest) continue;
    await to.tag(descriptor, tag, { signal });
    tagged(tag, descriptor);
  }
  return result;
}

interface WantedTag {
  readonly tag: string;
  readonly manifest: GraphManifest;
  /** What the target has under this tag before the copy. */
  readonly existing: Descriptor | undefined;
}

/**
 * The only tag to set, when it is for the last manifest: that one may come together with its tag. A registry keeps
 * what is put under a tag by its sha256.
 */
function tagOfLast({ manifests }: ContentGraph, wanted: readonly WantedTag[]): WantedTag | undefined {
  const [only, ...others] = wanted;
  if (only === undefined || others.length > 0 || parseSideTag(only.tag)) return undefined;
  const { manifest, existing } = only;
  const { digest } = manifest.descriptor;
  const isLast = manifest === manifests.at(-1) && existing?.digest !== digest;
  return isLast && digestAlgorithm(digest) === 'sha256' ? only : undefined;
}

/** The tags to set, side tags first. A version that cannot be set stops the copy before anything is written. */
async function wantedTags(
  to: ContentStore,
  graph: ContentGraph,
  options: CopyOptions,
): Promise<readonly WantedTag[]> {
  const side = [...graph.sideTags].map(([tag, { digest }]) => ({ tag, digest }));
  const named = [...(options.tags ?? [])].flatMap(([digest, tags]) => tags.map((tag) => ({ tag, digest })));
  const manifests = new Map(graph.manifests.map((each) => [each.descriptor.digest, each]));
  const wanted: WantedTag[] = [];
  for (const { tag, digest } of [...side, ...named]) {
    const manifest = manifests.get(digest);
    if (manifest === undefined)
      throw new ProvError('OCI_CONTENT_MISSING', { digest, where: 'the content to copy' });
    const existing = await resolveOptional(to, tag, { signal: options.signal });
    assertTagFree(tag, existing, manifest.descriptor, { policy: versionTagsAreImmutable, where: to.label });
    wanted.push({ tag, manifest, existing });
  }
  return wanted;
}

function isBlob({ mediaType }: Descriptor): boolean {
  return !isManifestType(mediaType);
}

function sizeOf(graph: ContentGraph): number {
  const manifests = graph.manifests.reduce((sum, each) => sum + each.descriptor.size, 0);
  return graph.blobs.reduce((sum, each) => sum + each.size, manifests);
}

async function* lazily(chunks: Promise<AsyncIterable<Uint8Array>>): AsyncGenerator<Uint8Array> {
  yield* await chunks;
}
