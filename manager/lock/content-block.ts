import type { RegistryContent } from '#resolver';
import { ANNOTATION, type Descriptor, type ImageManifest, type LockContent, MEDIA } from '#schemas';
import { treeOf, type WholeManifest } from '../trust/whole-manifest.js';

/** What the lock says of the content of an extension: its manifest and everything that is read from it. */
export type ContentBlock = Pick<RegistryContent, 'manifest' | 'config' | 'layers' | 'children' | 'vendored'>;

/** The block of a manifest, the same whoever reads it. */
export function contentBlock(descriptor: Descriptor, manifest: WholeManifest): ContentBlock {
  const archive = archiveOf(manifest);
  /** Of the archive; of every platform's archive, where they differ. */
  const tarOf = (layer: Descriptor) => {
    const tar =
      manifest.children !== undefined || layer.digest === archive?.digest ? treeOf(layer) : undefined;
    return tar === undefined ? {} : { tar };
  };
  const vendored = manifest.annotations?.[ANNOTATION.vendored];
  return {
    manifest: plain(descriptor),
    config: plain(manifest.config),
    layers: manifest.layers.map((layer) => {
      const asset = layer.mediaType === MEDIA.asset ? layer.annotations?.[ANNOTATION.asset] : undefined;
      const platform = layer.annotations?.[ANNOTATION.platform];
      return {
        ...plain(layer),
        ...tarOf(layer),
        ...(asset !== undefined && { asset }),
        ...(platform !== undefined && { platform }),
      };
    }),
    ...(manifest.children !== undefined && { children: manifest.children.map(plain) }),
    ...(vendored !== undefined && vendored !== '' && { vendored: vendored.split(',') }),
  };
}

/** As `readExtension` chooses it. */
function archiveOf({ layers }: ImageManifest): Descriptor | undefined {
  return layers.find(({ mediaType }) => mediaType === MEDIA.ociLayerTarGzip);
}

function plain({ mediaType, digest, size }: Descriptor): LockContent {
  return { mediaType, digest, size };
}
