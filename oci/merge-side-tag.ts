import { canonicalJson } from '#base';
import { type Descriptor, type ImageManifest, MEDIA, parseOciManifest } from '#schemas';
import type { ContentStore } from './content-store.js';
import { bytesSource, fetchBytes } from './fetch-bytes.js';
import { describeBytes, encodeManifest } from './manifest-codec.js';
import { parseSideTag } from './referrers-tag.js';

/** Side tags whose layers are independent statements; of the others the newer one holds. */
const MERGED_SUFFIXES: readonly string[] = ['sig', 'att', 'sbom'];

export interface SideTagChange {
  readonly tag: string;
  /** What the source has, already at the target. */
  readonly incoming: { readonly descriptor: Descriptor; readonly bytes: Uint8Array };
  readonly existing: Descriptor;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What a side tag should point to when source and target both have one: a manifest with the layers of both,
 * so that copying never drops a signature the target has. Writes the merged manifest when one is needed.
 */
export async function mergeSideTag(to: ContentStore, change: SideTagChange): Promise<Descriptor> {
  const { incoming, existing, signal } = change;
  const suffix = parseSideTag(change.tag)?.suffix ?? '';
  if (!MERGED_SUFFIXES.includes(suffix)) return incoming.descriptor;
  const theirs = imageOf(await fetchBytes(to, existing, { signal }), existing);
  const ours = imageOf(incoming.bytes, incoming.descriptor);
  if (theirs === undefined || ours === undefined) return incoming.descriptor;
  const missing = without(ours.layers, theirs.layers);
  if (missing.length === 0) return existing;
  if (without(theirs.layers, ours.layers).length === 0) return incoming.descriptor;
  const bytes = encodeManifest({ ...theirs, layers: [...theirs.layers, ...missing] });
  const descriptor = describeBytes(bytes, theirs.mediaType ?? MEDIA.ociManifest);
  await to.push(descriptor, bytesSource(bytes), { signal });
  return descriptor;
}

function imageOf(bytes: Uint8Array, { mediaType }: Descriptor): ImageManifest | undefined {
  const parsed = parseOciManifest(bytes, mediaType);
  return parsed.kind === 'manifest' ? parsed.manifest : undefined;
}

/** Two signatures may have one payload: layers are equal when digest and annotations are. */
function without(layers: readonly Descriptor[], others: readonly Descriptor[]): readonly Descriptor[] {
  const key = (layer: Descriptor) => canonicalJson([layer.digest, layer.annotations ?? {}]);
  const known = new Set(others.map(key));
  return layers.filter((layer) => !known.has(key(layer)));
}
