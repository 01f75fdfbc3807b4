import { join } from 'node:path';
import { openAtomicStream, ProvError } from '#base';
import { createLayoutTarWriter, openOciLayout, type PackedExtension, packExtension, pushPacked } from '#oci';
import { isRepository, MEDIA, versionToTag } from '#schemas';
import { withAssetCache } from '../assets/asset-cache.js';
import type { ManagerContext } from '../context.js';
import { platformsOf } from './push-extension.js';

export interface PackOptions {
  readonly dir: string;
  /**
   * Where to write: an OCI layout directory, a tar of a layout (`.tar`) or the plain archive of the directory
   * (`.tar.gz`, `.tgz`). `named` is the latter as `NAME-VERSION.tar.gz` in a directory. Nothing is written without one.
   */
  readonly output?: { readonly path: string; readonly named?: boolean } | undefined;
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
  /** What was written. */
  readonly output?: string;
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
      const output = options.output && (await writeOutput(packed, { repository, ...options.output }, signal));
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
        ...(output === undefined ? {} : { output }),
      };
    } finally {
      await packed.close();
    }
  });
}

interface Output {
  readonly repository: string;
  readonly path: string;
  readonly named?: boolean;
}

/** Writes a packed extension in the form that the name asks for; files appear complete or not at all. */
async function writeOutput(
  packed: PackedExtension,
  { repository, path, named }: Output,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { name, version } = packed.manifest;
  if (named || /\.(?:tar\.gz|tgz)$/.test(path)) {
    const file = named ? join(path, `${name}-${version}.tar.gz`) : path;
    await writeArchive(packed, file);
    return file;
  }
  if (path.endsWith('.tar')) {
    const writer = createLayoutTarWriter(path);
    await pushPacked(writer.repository(repository), packed, { signal });
    await writer.finish({ signal });
    return path;
  }
  const layout = await openOciLayout(path, { create: true, grouped: true });
  try {
    await pushPacked(layout.repository(repository), packed, { signal });
    await layout.flush();
  } finally {
    await layout.close();
  }
  return path;
}

async function writeArchive(packed: PackedExtension, path: string): Promise<void> {
  const archive = packed.blobs.find(({ descriptor }) => descriptor.mediaType === MEDIA.ociLayerTarGzip)!;
  const file = openAtomicStream(path);
  try {
    for await (const chunk of archive.source()) await file.write(chunk);
    await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}
