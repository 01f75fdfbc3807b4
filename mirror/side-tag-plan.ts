import { type Digest, ProvError } from '#base';
import { fetchBytes, parseSideTag, type ReadStore, resolveOptional } from '#oci';
import { type Descriptor, parseOciManifest } from '#schemas';

/** A tag that an import would set. */
export interface WantedTag {
  readonly repository: string;
  readonly tag: string;
  readonly descriptor: Descriptor;
}

/**
 * Whether a tag is to be set at the target: not when it is there already, or when the side tag there holds
 * all of ours and more (signatures added on the far side stay).
 * @throws MIRROR_TAG_CONFLICT when each side has what the other lacks, or a version tag is other content.
 */
export async function isTagNeeded(
  wanted: WantedTag,
  from: ReadStore,
  to: ReadStore,
  signal?: AbortSignal,
): Promise<boolean> {
  const existing = await resolveOptional(to, wanted.tag, { signal });
  if (existing === undefined) return true;
  if (existing.digest === wanted.descriptor.digest) return false;
  if (parseSideTag(wanted.tag) !== undefined) {
    const ours = await layersOf(from, wanted.descriptor, signal);
    const theirs = await layersOf(to, existing, signal);
    if (ours !== undefined && theirs !== undefined) {
      if (covers(theirs, ours)) return false;
      if (covers(ours, theirs)) return true;
    }
  }
  const { repository, tag, descriptor } = wanted;
  throw new ProvError('MIRROR_TAG_CONFLICT', {
    repository,
    tag,
    existing: existing.digest,
    digest: descriptor.digest,
  });
}

function covers(all: ReadonlySet<Digest>, some: ReadonlySet<Digest>): boolean {
  return [...some].every((digest) => all.has(digest));
}

async function layersOf(
  store: ReadStore,
  descriptor: Descriptor,
  signal?: AbortSignal,
): Promise<Set<Digest> | undefined> {
  const parsed = parseOciManifest(await fetchBytes(store, descriptor, { signal }), descriptor.mediaType);
  return parsed.kind === 'manifest' ? new Set(parsed.manifest.layers.map(({ digest }) => digest)) : undefined;
}
