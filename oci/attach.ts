import { type Descriptor, type ImageManifest, MEDIA } from '#schemas';
import type { ByteSource, WriteStore } from './content-store.js';
import { bytesSource } from './fetch-bytes.js';
import { describeBytes, EMPTY_BYTES, EMPTY_DESCRIPTOR, encodeManifest } from './manifest-codec.js';

export interface AttachOptions {
  /** What the artifact is about; it must be in the store already. */
  readonly subject: Descriptor;
  readonly artifactType: string;
  readonly layers?: readonly { readonly descriptor: Descriptor; readonly source: ByteSource }[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Stores an artifact that refers to `subject` and returns its descriptor. The same options always give the
 * same digest: no creation time is added.
 * @see OCI image-spec 1.1, manifest.md, "Guidelines for Artifact Usage"
 */
export async function attachArtifact(store: WriteStore, options: AttachOptions): Promise<Descriptor> {
  const { subject, artifactType, annotations, signal } = options;
  const layers = options.layers ?? [];
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: MEDIA.ociManifest,
    artifactType,
    config: EMPTY_DESCRIPTOR,
    layers: layers.length === 0 ? [EMPTY_DESCRIPTOR] : layers.map((layer) => layer.descriptor),
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    ...(annotations && { annotations }),
  };
  const bytes = encodeManifest(manifest);
  const descriptor = {
    ...describeBytes(bytes, MEDIA.ociManifest),
    artifactType,
    ...(annotations && { annotations }),
  };
  await store.push(EMPTY_DESCRIPTOR, bytesSource(EMPTY_BYTES), { signal });
  for (const layer of layers) await store.push(layer.descriptor, layer.source, { signal });
  await store.push(descriptor, bytesSource(bytes), { signal });
  return descriptor;
}
