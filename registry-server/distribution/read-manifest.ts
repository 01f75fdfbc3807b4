import { type Digest, isProvError, ProvError } from '#base';
import { type Descriptor, type ImageManifest, isManifestType, MEDIA, parseOciManifest } from '#schemas';

/** What the registry needs to know of a manifest's bytes. */
export interface ReadManifest {
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly subject: Digest | undefined;
  readonly blobs: readonly Digest[];
  readonly children: readonly Digest[];
  /** The image manifest; undefined for an index. */
  readonly image: ImageManifest | undefined;
}

/**
 * Reads a manifest or index as it was sent.
 * @throws REGISTRY_MANIFEST_INVALID
 */
export function readManifest(bytes: Uint8Array, contentType: string | undefined): ReadManifest {
  const mediaType = contentType?.split(';')[0]?.trim().toLowerCase() || declaredType(bytes);
  if (!isManifestType(mediaType))
    throw new ProvError('REGISTRY_MANIFEST_INVALID', { reason: `its type is "${mediaType}"` });
  const parsed = parse(bytes, mediaType);
  const body = parsed.kind === 'manifest' ? parsed.manifest : parsed.index;
  const image = parsed.kind === 'manifest' ? parsed.manifest : undefined;
  return {
    mediaType,
    // @see OCI distribution-spec 1.1, "Listing Referrers": an image without artifactType has its config's type
    artifactType: body.artifactType ?? image?.config.mediaType,
    annotations: body.annotations,
    subject: body.subject?.digest,
    blobs: image === undefined ? [] : unique([image.config, ...image.layers.filter(isKeptHere)]),
    children: parsed.kind === 'index' ? unique(parsed.index.manifests) : [],
    image,
  };
}

function declaredType(bytes: Uint8Array): string {
  try {
    const { mediaType } = JSON.parse(Buffer.from(bytes).toString()) as { mediaType?: unknown };
    return typeof mediaType === 'string' ? mediaType : '';
  } catch {
    return '';
  }
}

function parse(bytes: Uint8Array, mediaType: string) {
  try {
    return parseOciManifest(bytes, mediaType);
  } catch (error) {
    if (!isProvError(error, 'SCHEMAS_WIRE_INVALID')) throw error;
    throw new ProvError('REGISTRY_MANIFEST_INVALID', { reason: error.message }, { cause: error });
  }
}

/** Non-distributable layers live elsewhere. @see OCI image-spec 1.1, layer.md */
function isKeptHere({ mediaType, urls }: Descriptor): boolean {
  const foreign = mediaType.includes('.nondistributable.') || mediaType.includes('.image.rootfs.foreign.');
  return !foreign && (urls === undefined || urls.length === 0 || mediaType === MEDIA.ociEmpty);
}

function unique(descriptors: readonly Descriptor[]): Digest[] {
  return [...new Set(descriptors.map((descriptor) => descriptor.digest))];
}
