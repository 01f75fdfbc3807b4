import { type Digest, isDigest, isProvError, LIMITS, ProvError } from '#base';
import { type Descriptor, type ImageIndex, isManifestType, parseOciManifest } from '#schemas';
import type { CallOptions, ReadStore } from '../content-store.js';
import { fetchBytes } from '../fetch-bytes.js';
import { describeReferrer } from '../manifest-codec.js';
import { layoutName } from './layout-index.js';
import { selectReferrers } from './memory-store.js';

/** Where a layout's bytes are: a directory or a tar. */
export interface LayoutContent {
  readonly label: string;
  index(): ImageIndex;
  fetch(descriptor: Descriptor, options?: CallOptions): Promise<AsyncIterable<Uint8Array>>;
  /** Size of a blob, or undefined when it is not there. */
  size(digest: Digest): Promise<number | undefined>;
}

/** The repositories that a layout names; '' stands for bare tags, as oras and skopeo write them. */
export function layoutRepositories(index: ImageIndex): readonly string[] {
  return [
    ...new Set(
      index.manifests.map((entry) => layoutName(entry)?.repository).filter((each) => each !== undefined),
    ),
  ].sort();
}

/**
 * One repository of a layout, for reading. Blobs are shared by all repositories of the layout; tags are not.
 * In a layout with only bare tags every repository name means these.
 */
export function layoutView(content: LayoutContent, repository: string): ReadStore {
  const label = repository === '' ? content.label : `${content.label}#${repository}`;
  const shown = (index: ImageIndex) => {
    const all = layoutRepositories(index);
    return all.length === 1 && all[0] === '' ? '' : repository;
  };
  const tagged = () => {
    const index = content.index();
    const own = shown(index);
    return index.manifests.flatMap((entry) => {
      const name = layoutName(entry);
      return name?.repository === own ? [{ tag: name.tag, entry }] : [];
    });
  };

  async function byDigest(digest: Digest, options?: CallOptions): Promise<Descriptor | undefined> {
    const listed = content.index().manifests.find((entry) => entry.digest === digest);
    if (listed) return plain(listed);
    const size = await content.size(digest);
    if (size === undefined || size > LIMITS.manifestBytes) return undefined;
    const bytes = await fetchBytes(content, { mediaType: 'application/json', digest, size }, options);
    const mediaType = mediaTypeOf(bytes);
    return mediaType === undefined ? undefined : { mediaType, digest, size };
  }

  return {
    label,
    async fetch(descriptor, options) {
      options?.signal?.throwIfAborted();
      return content.fetch(descriptor, options);
    },
    async exists(descriptor, options) {
      options?.signal?.throwIfAborted();
      return (await content.size(descriptor.digest)) === descriptor.size;
    },
    async resolve(tagOrDigest, options) {
      options?.signal?.throwIfAborted();
      const found = isDigest(tagOrDigest)
        ? await byDigest(tagOrDigest, options)
        : tagged().find((each) => each.tag === tagOrDigest)?.entry;
      if (!found) throw new ProvError('OCI_REFERENCE_NOT_FOUND', { reference: tagOrDigest, where: label });
      return plain(found);
    },
    async list(options) {
      options?.signal?.throwIfAborted();
      return [...new Set(tagged().map((each) => each.tag))].sort();
    },
    async referrers(descriptor, artifactType, options) {
      const all = await listedReferrers(content, options);
      const found = all
        .filter((each) => each.subject?.digest === descriptor.digest)
        .map((each) => each.referrer);
      return selectReferrers(found, artifactType);
    },
  };
}

interface ListedManifest {
  readonly subject: Descriptor | undefined;
  readonly referrer: Descriptor;
  readonly children: readonly Descriptor[];
}

/** What manifests say is kept, since their digest stands for their bytes; else a copy would read all of them for each. */
const known = new WeakMap<LayoutContent, Map<Digest, ListedManifest>>();

/** Every manifest reachable from the index; one whose content is missing cannot refer to anything. */
async function listedReferrers(
  content: LayoutContent,
  options?: CallOptions,
): Promise<readonly ListedManifest[]> {
  const memory = known.get(content) ?? new Map<Digest, ListedManifest>();
  known.set(content, memory);
  const seen = new Set<Digest>();
  const found: ListedManifest[] = [];
  const queue = [...content.index().manifests];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    options?.signal?.throwIfAborted();
    if (seen.has(next.digest) || !isManifestType(next.mediaType)) continue;
    seen.add(next.digest);
    const listed = memory.get(next.digest) ?? (await readListed(content, plain(next), options));
    if (listed === undefined) continue;
    if (memory.size < LIMITS.graphNodes) memory.set(next.digest, listed);
    found.push(listed);
    queue.push(...listed.children);
  }
  return found;
}

async function readListed(
  content: LayoutContent,
  manifest: Descriptor,
  options?: CallOptions,
): Promise<ListedManifest | undefined> {
  try {
    const bytes = await fetchBytes(content, manifest, options);
    const parsed = parseOciManifest(bytes, manifest.mediaType);
    const children = parsed.kind === 'index' ? parsed.index.manifests : [];
    return { ...describeReferrer(manifest, bytes), children };
  } catch (error) {
    if (isProvError(error, 'OCI_CONTENT_MISSING')) return undefined;
    throw error;
  }
}

/** A descriptor without what only the layout's index says of it. */
function plain({ mediaType, digest, size, artifactType }: Descriptor): Descriptor {
  return { mediaType, digest, size, ...(artifactType && { artifactType }) };
}

function mediaTypeOf(bytes: Uint8Array): string | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    const mediaType: unknown = (value as { mediaType?: unknown } | null)?.mediaType;
    return typeof mediaType === 'string' && isManifestType(mediaType) ? mediaType : undefined;
  } catch {
    return undefined;
  }
}
