import { digestFile, filePieces, ProvError } from '#base';
import { ANNOTATION, type Asset, type Descriptor, MEDIA } from '#schemas';
import type { ByteSource } from '../content-store.js';
import { readError } from '../reading.js';
import { compareBytewise } from './portable-path.js';

/** Finds the bytes of an asset on this machine; downloading, caching and npm are its business. */
export type AssetResolver = (
  asset: Asset,
  options: { signal?: AbortSignal | undefined },
) => Promise<{ path: string }>;

export interface VendorAssets {
  /** Platforms (`os/arch[/variant]`) to take; absent means every declared one. Assets without a platform always come. */
  readonly platforms?: readonly string[] | undefined;
  readonly resolve: AssetResolver;
}

export interface VendoredAssets {
  /** All declared assets; those taken have their size. */
  readonly assets: readonly Asset[];
  readonly platforms: readonly string[];
  readonly layers: readonly { readonly descriptor: Descriptor; readonly source: ByteSource }[];
}

/** What an asset without a platform counts as in `dev.prov.vendored`. */
export const ANY_PLATFORM = 'any';

/**
 * Resolves the chosen assets and describes each as a layer, sorted by name and platform.
 * @throws OCI_ASSET_MISMATCH when bytes differ from the manifest's sha256 or size; what `resolve` throws.
 */
export async function vendorAssets(
  declared: readonly Asset[],
  options: VendorAssets,
  signal?: AbortSignal,
): Promise<VendoredAssets> {
  const wanted = (asset: Asset) =>
    asset.platform === undefined ||
    options.platforms === undefined ||
    options.platforms.includes(asset.platform);
  const assets: Asset[] = [];
  const layers: { descriptor: Descriptor; source: ByteSource; key: string }[] = [];
  const platforms = new Set<string>();
  for (const asset of declared) {
    signal?.throwIfAborted();
    if (!wanted(asset)) {
      assets.push(asset);
      continue;
    }
    const { path } = await options.resolve(asset, { signal });
    const { digest, size } = await digestFile(path, 'sha256', signal).catch((error: unknown) => {
      throw readError(path, error);
    });
    expect(asset, 'sha256', `sha256:${asset.sha256}`, digest);
    if (asset.size !== undefined) expect(asset, 'size', asset.size, size);
    assets.push({ ...asset, size });
    platforms.add(asset.platform ?? ANY_PLATFORM);
    const annotations = {
      [ANNOTATION.asset]: asset.name,
      ...(asset.platform !== undefined && { [ANNOTATION.platform]: asset.platform }),
    };
    layers.push({
      descriptor: { mediaType: MEDIA.asset, digest, size, annotations },
      source: () => filePieces(path),
      key: `${asset.name}\0${asset.platform ?? ''}`,
    });
  }
  layers.sort((a, b) => compareBytewise(a.key, b.key));
  return { assets, platforms: [...platforms].sort(), layers };
}

function expect(asset: Asset, what: string, expected: unknown, actual: unknown): void {
  if (expected !== actual)
    throw new ProvError('OCI_ASSET_MISMATCH', { asset: asset.name, what, expected, actual });
}
