import { digestOf } from '#base';
import {
  type Descriptor,
  type ImageIndex,
  type ImageManifest,
  MEDIA,
  type ParsedManifest,
  parseOciManifest,
} from '#schemas';

/** The empty JSON object that stands for "no config" or "no layers". @see OCI image-spec 1.1, manifest.md */
export const EMPTY_DESCRIPTOR: Descriptor = {
  mediaType: MEDIA.ociEmpty,
  digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
  size: 2,
  data: 'e30=',
};
export const EMPTY_BYTES: Uint8Array = Buffer.from('{}');

/**
 * The bytes of an image manifest: compact JSON, members in the order oras and other Go programs write,
 * annotations sorted. The same value always gives the same bytes.
 */
export function encodeManifest(manifest: ImageManifest): Uint8Array {
  return json({
    schemaVersion: 2,
    mediaType: manifest.mediaType ?? MEDIA.ociManifest,
    artifactType: manifest.artifactType,
    config: orderDescriptor(manifest.config),
    layers: manifest.layers.map(orderDescriptor),
    subject: manifest.subject && orderDescriptor(manifest.subject),
    annotations: sortKeys(manifest.annotations),
  });
}

/** The bytes of an image index, in the same form as `encodeManifest`. */
export function encodeIndex(index: ImageIndex): Uint8Array {
  return json({
    schemaVersion: 2,
    mediaType: index.mediaType ?? MEDIA.ociIndex,
    artifactType: index.artifactType,
    manifests: index.manifests.map(orderDescriptor),
    subject: index.subject && orderDescriptor(index.subject),
    annotations: sortKeys(index.annotations),
  });
}

/** A descriptor with its members in Go's order, so that it can be written as is. */
export function orderDescriptor(descriptor: Descriptor): Descriptor {
  const { mediaType, digest, size, urls, annotations, data, platform, artifactType, ...unknown } = descriptor;
  return {
    mediaType,
    digest,
    size,
    urls,
    annotations: sortKeys(annotations),
    data,
    platform,
    artifactType,
    ...unknown,
  };
}

/** The descriptor of manifest bytes. */
export function describeBytes(bytes: Uint8Array, mediaType: string): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
}

/** Every descriptor a manifest names: config and layers, or child manifests; then the subject. */
export function successors(parsed: ParsedManifest): readonly Descriptor[] {
  const { subject } = bodyOf(parsed);
  const own =
    parsed.kind === 'index' ? parsed.index.manifests : [parsed.manifest.config, ...parsed.manifest.layers];
  return subject === undefined ? own : [...own, subject];
}

/**
 * What the referrers API says of a manifest: its subject, and its own descriptor with artifact type (the
 * config's type when it has none) and annotations.
 * @see OCI distribution-spec 1.1, "Listing Referrers"
 */
export function describeReferrer(
  descriptor: Descriptor,
  bytes: Uint8Array,
): { readonly subject: Descriptor | undefined; readonly referrer: Descriptor } {
  const parsed = parseOciManifest(bytes, descriptor.mediaType);
  const { subject, annotations } = bodyOf(parsed);
  const artifactType = artifactTypeOf(parsed);
  const { mediaType, digest, size } = descriptor;
  return {
    subject,
    referrer: {
      mediaType,
      digest,
      size,
      ...(annotations && { annotations }),
      ...(artifactType && { artifactType }),
    },
  };
}

/** The artifact type of a manifest, or its config's media type when it names none. */
export function artifactTypeOf(parsed: ParsedManifest): string | undefined {
  if (parsed.kind === 'index') return parsed.index.artifactType;
  return parsed.manifest.artifactType ?? parsed.manifest.config.mediaType;
}

function bodyOf(parsed: ParsedManifest): ImageManifest | ImageIndex {
  return parsed.kind === 'index' ? parsed.index : parsed.manifest;
}

function sortKeys(
  map: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> | undefined {
  if (map === undefined) return undefined;
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
