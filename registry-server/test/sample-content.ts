import { type Digest, digestOf } from '#base';
import {
  ANNOTATION,
  configBlob,
  dependencyFacts,
  type ExtensionManifest,
  extensionManifestSchema,
  MEDIA,
} from '#schemas';
import type { RegistryClient } from './registry-client.js';

/** An image manifest of a config `{}` and the given layers. */
export function imageManifest(layers: readonly (Uint8Array | string)[], extra: Record<string, unknown> = {}) {
  return {
    schemaVersion: 2,
    mediaType: MEDIA.ociManifest,
    config: describe(MEDIA.ociEmpty, '{}'),
    layers: layers.map((layer) => describe(MEDIA.octetStream, layer)),
    ...extra,
  };
}

export function describe(mediaType: string, bytes: Uint8Array | string) {
  return { mediaType, digest: digestOf(bytes), size: Buffer.byteLength(bytes) };
}

/** Pushes an image with one layer. */
export async function pushImage(
  client: RegistryClient,
  repository: string,
  options: { tag: string; layer?: string },
): Promise<Digest> {
  const layer = options.layer ?? `layer of ${options.tag}`;
  await client.pushBlob(repository, '{}');
  await client.pushBlob(repository, layer);
  const body = JSON.stringify(imageManifest([layer]));
  const { status } = await client.pushManifest(repository, options.tag, body);
  if (status !== 201) throw new Error(`pushing a manifest answered ${status}`);
  return digestOf(body);
}

export function extension(fields: Partial<ExtensionManifest> & { name: string }): ExtensionManifest {
  return extensionManifestSchema.parse({
    schema: 1,
    type: 'taskserv',
    version: '1.0.0',
    description: 'for tests',
    ...fields,
  });
}

/** The manifest of an extension as pack writes it. */
export function extensionImage(manifest: ExtensionManifest, annotations: Record<string, string> = {}) {
  const config = configBlob(manifest);
  return imageManifest(['archive'], {
    artifactType: MEDIA.extension,
    config: describe(MEDIA.extensionConfig, config),
    annotations: {
      [ANNOTATION.name]: manifest.name,
      [ANNOTATION.kind]: manifest.type,
      [ANNOTATION.version]: manifest.version,
      [ANNOTATION.deps]: JSON.stringify(dependencyFacts(manifest)),
      ...annotations,
    },
  });
}

/** Pushes the blobs of an extension, then its manifest. */
export async function pushExtension(
  client: RegistryClient,
  repository: string,
  manifest: ExtensionManifest,
  annotations: Record<string, string> = {},
) {
  await client.pushBlob(repository, configBlob(manifest));
  await client.pushBlob(repository, 'archive');
  return client.pushManifest(
    repository,
    manifest.version.replace('+', '_'),
    extensionImage(manifest, annotations),
  );
}
