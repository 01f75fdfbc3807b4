import { assertWithin, isDigest, ProvError } from '#base';
import { fetchBytes, type ReadStore } from '#oci';
import {
  ANNOTATION,
  type Descriptor,
  type ImageIndex,
  type ImageManifest,
  MEDIA,
  parseOciManifest,
} from '#schemas';

/** Manifests of an extension that differs by platform; each is read. As many as our registry takes. */
export const MAX_PLATFORMS = 64;

/**
 * What an extension consists of. Of one that differs by platform: the annotations of its index, the config of its first
 * manifest, and the layers of all, the archives with their platform.
 */
export interface WholeManifest extends ImageManifest {
  /** The manifests by platform, in the order of the index; undefined for an extension that is the same everywhere. */
  readonly children?: readonly Descriptor[];
}

/** @throws MANAGER_NOT_AN_EXTENSION, OCI_CONTENT_MISSING, OCI_DIGEST_MISMATCH, BASE_LIMIT_EXCEEDED */
export async function wholeManifest(
  store: ReadStore,
  descriptor: Descriptor,
  { bytes, signal }: { readonly bytes: Uint8Array; readonly signal?: AbortSignal | undefined },
): Promise<WholeManifest> {
  const parsed = parseOciManifest(bytes, descriptor.mediaType);
  if (parsed.kind === 'manifest') return parsed.manifest;
  const { index } = parsed;
  assertWithin(index.manifests.length, MAX_PLATFORMS, `the platforms of ${descriptor.digest}`);
  const { name, kind, version } = ANNOTATION;
  const refuse = (reason: string) =>
    new ProvError('MANAGER_NOT_AN_EXTENSION', { reference: `${store.label}@${descriptor.digest}`, reason });
  // A signature of an index is about its annotations: without them nobody said what this is.
  for (const each of [name, kind, version])
    if (index.annotations?.[each] === undefined)
      throw refuse(`it is an index without the annotation ${each}`);
  const images: ImageManifest[] = [];
  for (const child of index.manifests) {
    const inner = parseOciManifest(await fetchBytes(store, child, { signal }), child.mediaType);
    if (inner.kind === 'index') throw refuse('it is an index of indexes');
    images.push(inner.manifest);
  }
  const [first] = images;
  if (first === undefined) throw refuse('it is an index of nothing');
  return { ...first, ...merged(index, images), children: index.manifests };
}

function merged(index: ImageIndex, images: readonly ImageManifest[]) {
  const layers = images.flatMap((image, i) =>
    image.layers.map((layer) => {
      const platform = platformOf(index.manifests[i]!);
      const own = layer.annotations?.[ANNOTATION.platform];
      return own !== undefined || platform === undefined
        ? layer
        : { ...layer, annotations: { ...layer.annotations, [ANNOTATION.platform]: platform } };
    }),
  );
  return { layers, annotations: index.annotations };
}

/** `os/arch[/variant]` */
function platformOf({ platform }: Descriptor): string | undefined {
  if (platform === undefined) return undefined;
  const { os, architecture, variant } = platform;
  return [os, architecture, variant].filter((part) => part !== undefined).join('/');
}

/** Digest of the uncompressed archive, as ORAS and prov write it down. */
export function treeOf(layer: Descriptor): ReturnType<typeof digestOrNone> {
  return layer.mediaType === MEDIA.ociLayerTarGzip
    ? digestOrNone(layer.annotations?.[ANNOTATION.orasDigest])
    : undefined;
}

function digestOrNone(value: string | undefined) {
  return isDigest(value) ? value : undefined;
}
