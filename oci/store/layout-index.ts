import { readFileSync, statSync } from 'node:fs';
import { assertWithin, LIMITS, ProvError } from '#base';
import { ANNOTATION, type Descriptor, type ImageIndex, imageIndexSchema, MEDIA, parseWire } from '#schemas';
import { encodeIndex } from '../manifest-codec.js';
import { parseJson } from '../parse-json.js';

/** The content of `oci-layout`. @see OCI image-spec 1.1, image-layout.md */
export const LAYOUT_MARKER = '{"imageLayoutVersion":"1.0.0"}';
/** An index of a layout may list many repositories, but not without end. */
export const LAYOUT_INDEX_BYTES = LIMITS.apiResponseBytes;

const FULL_NAME = /^(?:(.+)\/)?([^/]+)$/;

/** A tag as it stands in a layout's index. `repository` is '' for the bare tags of oras and skopeo. */
export interface LayoutName {
  readonly repository: string;
  readonly tag: string;
}

/**
 * Reads `org.opencontainers.image.ref.name`: `namespace/name:tag`, the same behind a registry host, or a bare
 * tag, whose repository may stand in `io.containerd.image.name`. Undefined for a manifest without a name and for names that are not one of these.
 */
export function layoutName({ annotations }: Descriptor): LayoutName | undefined {
  const own = parseName(annotations?.[ANNOTATION.refName]);
  if (own === undefined || own.repository !== '') return own;
  const full = parseName(annotations?.[ANNOTATION.containerdName]);
  return full !== undefined && full.tag === own.tag ? full : own;
}

function parseName(name: string | undefined): LayoutName | undefined {
  if (name === undefined || name === '') return undefined;
  const at = name.indexOf('@');
  const plain = at < 0 ? name : name.slice(0, at);
  const [, parent, last] = FULL_NAME.exec(plain) ?? [];
  if (last === undefined) return undefined;
  const colon = last.indexOf(':');
  if (colon < 0) return parent === undefined ? { repository: '', tag: last } : undefined;
  const path = parent === undefined ? last.slice(0, colon) : `${parent}/${last.slice(0, colon)}`;
  return { repository: withoutHost(path), tag: last.slice(colon + 1) };
}

function withoutHost(path: string): string {
  const slash = path.indexOf('/');
  const first = slash < 0 ? '' : path.slice(0, slash);
  return first === 'localhost' || /[.:]/.test(first) ? path.slice(slash + 1) : path;
}

/** The `ref.name` under which a tag is written. */
export function layoutRefName({ repository, tag }: LayoutName): string {
  return repository === '' ? tag : `${repository}:${tag}`;
}

/** Reads the bytes of an `index.json`. @throws SCHEMAS_WIRE_INVALID */
export function parseLayoutIndex(bytes: Uint8Array, path: string): ImageIndex {
  return parseWire(imageIndexSchema, parseJson(bytes, path), path);
}

/** Reads an `index.json` file each time, and parses it only when its bytes are others than the last time. @throws OCI_LAYOUT_INVALID when there is none. */
export function layoutIndexReader(path: string): () => ImageIndex {
  let last: { readonly bytes: Buffer; readonly index: ImageIndex } | undefined;
  return () => {
    const bytes = readIndexBytes(path);
    if (last === undefined || !last.bytes.equals(bytes))
      last = { bytes, index: parseLayoutIndex(bytes, path) };
    return last.index;
  };
}

function readIndexBytes(path: string): Buffer {
  try {
    assertWithin(statSync(path).size, LAYOUT_INDEX_BYTES, path);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof ProvError) throw error;
    throw new ProvError('OCI_LAYOUT_INVALID', { path, reason: 'it has no index.json' }, { cause: error });
  }
}

/** The bytes of an `index.json`: named entries by name, then unnamed ones by digest. */
export function encodeLayoutIndex(index: ImageIndex): Uint8Array {
  const key = (entry: Descriptor) => {
    const name = entry.annotations?.[ANNOTATION.refName];
    return name === undefined ? `1${entry.digest}` : `0${name}\0${entry.digest}`;
  };
  const manifests = [...index.manifests].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  return encodeIndex({ ...index, schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests });
}

/** How a tag is written into a layout's index: the annotations of its entry. */
export type LayoutNaming = (name: LayoutName) => Readonly<Record<string, string>>;

/** `namespace/name:tag` in one annotation, as bundles have it. */
export const repositoryNaming: LayoutNaming = (name) => ({ [ANNOTATION.refName]: layoutRefName(name) });

/** The index with `descriptor` under `name`; an earlier holder stays reachable, unnamed. */
export function withTag(
  index: ImageIndex,
  { naming = repositoryNaming, ...name }: LayoutName & { readonly naming?: LayoutNaming | undefined },
  descriptor: Descriptor,
): ImageIndex {
  const isHolder = (entry: Descriptor) => {
    const held = layoutName(entry);
    return held?.repository === name.repository && held.tag === name.tag;
  };
  const holders = index.manifests.filter(isHolder);
  const others = index.manifests.filter((entry) => !isHolder(entry));
  const { mediaType, digest, size, artifactType } = descriptor;
  const named = {
    mediaType,
    digest,
    size,
    annotations: naming(name),
    ...(artifactType && { artifactType }),
  };
  const rest = others.filter((entry) => entry.digest !== digest || layoutName(entry) !== undefined);
  const base: ImageIndex = { ...index, manifests: [...rest, named] };
  return holders.reduce<ImageIndex>((sum, holder) => withManifest(sum, holder), base);
}

/** The index with `descriptor` listed, so that nothing is lost to a garbage collection. */
export function withManifest(index: ImageIndex, descriptor: Descriptor): ImageIndex {
  if (index.manifests.some((entry) => entry.digest === descriptor.digest)) return index;
  const { mediaType, digest, size, artifactType } = descriptor;
  return {
    ...index,
    manifests: [...index.manifests, { mediaType, digest, size, ...(artifactType && { artifactType }) }],
  };
}
