import { ProvError } from '#base';
import { openOciLayout, packExtension, pushPacked } from '#oci';
import { isRepository, versionToTag } from '#schemas';
import { withAssetCache } from '../assets/asset-cache.js';
import type { ManagerContext } from '../context.js';
import { platformsOf } from './publish-extension.js';

export interface PackOptions {
  readonly dir: string;
  /** OCI layout directory to write into; nothing is written without one. */
  readonly layout?: string | undefined;
  readonly namespace: string;
  readonly vendorAssets?: 'all' | readonly string[] | undefined;
}

export interface PackResult {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  readonly size: number;
  readonly repository: string;
  readonly tag: string;
}

/** Packs a directory; the same tree gives the same digest everywhere. */
export async function packToLayout(options: PackOptions, context: ManagerContext): Promise<PackResult> {
  const { signal, provVersion } = context;
  return withAssetCache(context, async (assetPath) => {
    const wanted = options.vendorAssets;
    const packed = await packExtension(options.dir, {
      provVersion,
      signal,
      ...(wanted === undefined
        ? {}
        : {
            vendorAssets: {
              platforms: platformsOf(wanted),
              resolve: (asset) => assetPath(asset, options.dir),
            },
          }),
    });
    try {
      const { name, version } = packed.manifest;
      const repository = options.namespace === '' ? name : `${options.namespace}/${name}`;
      if (!isRepository(repository))
        throw new ProvError('SCHEMAS_REFERENCE_INVALID', {
          value: repository,
          reason: 'it is not a repository name',
        });
      if (options.layout !== undefined) {
        const layout = await openOciLayout(options.layout, { create: true });
        try {
          await pushPacked(layout.repository(repository), packed, { signal });
        } finally {
          await layout.close();
        }
      }
      const size = packed.blobs.reduce(
        (sum, { descriptor }) => sum + descriptor.size,
        packed.descriptor.size,
      );
      return {
        name,
        version,
        digest: packed.descriptor.digest,
        size,
        repository,
        tag: versionToTag(version),
      };
    } finally {
      await packed.close();
    }
  });
}
