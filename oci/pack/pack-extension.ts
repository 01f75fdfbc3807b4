import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, digestOf, type FileSystem, filePieces, ProvError, writeError } from '#base';
import {
  type Asset,
  configBlob,
  type Descriptor,
  type ExtensionManifest,
  type ImageManifest,
  MEDIA,
  versionToTag,
} from '#schemas';
import type { ByteSource } from '../content-store.js';
import { extensionAnnotations } from '../extension-annotations.js';
import { bytesSource } from '../fetch-bytes.js';
import { describeBytes, encodeManifest } from '../manifest-codec.js';
import { collectFiles, type TreeEntry } from './collect-files.js';
import { packLayer } from './pack-layer.js';
import { createPathFilter } from './path-filter.js';
import { sourceDateEpoch } from './source-date-epoch.js';
import { declaredFiles, readSourceManifest } from './source-manifest.js';
import { type VendorAssets, type VendoredAssets, vendorAssets } from './vendor-assets.js';

export interface PackOptions {
  /** Version of this prov, for the manifest's `compatibility`. */
  readonly provVersion: string;
  /** Adds assets as further layers; absent means none. */
  readonly vendorAssets?: VendorAssets | undefined;
  /** Seconds since 1970 for all times inside. Default: `SOURCE_DATE_EPOCH`, else 0 and no creation time. */
  readonly sourceDateEpoch?: number | undefined;
  /** Where the archive is kept until `close()`. Default: the system's temporary directory. */
  readonly temporaryDirectory?: string | undefined;
  readonly fileSystem?: FileSystem | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PackedBlob {
  readonly descriptor: Descriptor;
  readonly source: ByteSource;
}

/** An extension as OCI content, not yet in any store. Its archive is on disk until `close()`. */
export interface PackedExtension {
  /** Normalised; assets that were vendored have their size. */
  readonly manifest: ExtensionManifest;
  /** Of the image manifest. */
  readonly descriptor: Descriptor;
  readonly manifestBytes: Uint8Array;
  readonly imageManifest: ImageManifest;
  /** The canonical JSON of `manifest`: the bytes of the config blob. */
  readonly configBytes: Uint8Array;
  /** Config, archive and assets, in the order of the manifest. */
  readonly blobs: readonly PackedBlob[];
  /** Of the uncompressed archive; equals `treeDigest` of the directory once installed. */
  readonly treeDigest: Digest;
  readonly vendored: readonly string[];
  /** The version as a tag. */
  readonly tag: string;
  close(): Promise<void>;
}

/**
 * Packs an extension directory so that the same tree gives the same digests on every system, CPU and Node
 * version. Nothing is left behind on failure; on success call `close()` when the blobs are no longer needed.
 * @throws OCI_PACK_MANIFEST_MISSING, OCI_PACK_REFUSED, OCI_PACK_FILE_CHANGED, OCI_EXTENSION_INVALID,
 *   OCI_ASSET_MISMATCH, BASE_DISK_FULL, SCHEMAS_*.
 * @see docs/spec/artifact.md
 */
export async function packExtension(dir: string, options: PackOptions): Promise<PackedExtension> {
  const { signal } = options;
  const source = readSourceManifest(dir, options.provVersion).value;
  const entries = collectFiles(dir, createPathFilter(source.build ?? {}));
  assertDeclared(dir, source, entries);
  const epoch = options.sourceDateEpoch ?? sourceDateEpoch(process.env);
  const assets = await takeAssets(source, options);
  const manifest: ExtensionManifest = source.assets ? { ...source, assets: [...assets.assets] } : source;

  const spool = makeSpool(options.temporaryDirectory ?? tmpdir());
  try {
    const archive = join(spool, 'layer.tar.gz');
    const packing = { title: manifest.name, mtime: epoch, fileSystem: options.fileSystem, signal };
    const { descriptor: layer, treeDigest } = await packLayer(entries, archive, packing);
    const configBytes = configBlob(manifest);
    const config: Descriptor = {
      mediaType: MEDIA.extensionConfig,
      digest: digestOf(configBytes),
      size: configBytes.byteLength,
    };
    const imageManifest: ImageManifest = {
      schemaVersion: 2,
      mediaType: MEDIA.ociManifest,
      artifactType: MEDIA.extension,
      config,
      layers: [layer, ...assets.layers.map((each) => each.descriptor)],
      annotations: extensionAnnotations(manifest, { vendored: assets.platforms, epoch }),
    };
    const manifestBytes = encodeManifest(imageManifest);
    return {
      manifest,
      descriptor: { ...describeBytes(manifestBytes, MEDIA.ociManifest), artifactType: MEDIA.extension },
      manifestBytes,
      imageManifest,
      configBytes,
      blobs: [
        { descriptor: config, source: bytesSource(configBytes) },
        { descriptor: layer, source: () => filePieces(archive) },
        ...assets.layers.map(({ descriptor, source: bytes }) => ({ descriptor, source: bytes })),
      ],
      treeDigest,
      vendored: assets.platforms,
      tag: versionToTag(manifest.version),
      close: async () => rmSync(spool, { recursive: true, force: true }),
    };
  } catch (error) {
    rmSync(spool, { recursive: true, force: true });
    throw error;
  }
}

async function takeAssets(manifest: ExtensionManifest, options: PackOptions): Promise<VendoredAssets> {
  const declared: readonly Asset[] = manifest.assets ?? [];
  if (options.vendorAssets === undefined) return { assets: declared, platforms: [], layers: [] };
  return vendorAssets(declared, options.vendorAssets, options.signal);
}

function assertDeclared(dir: string, manifest: ExtensionManifest, entries: readonly TreeEntry[]): void {
  const files = new Set(entries.filter((entry) => entry.type === 'file').map((entry) => entry.path));
  for (const { key, path } of declaredFiles(manifest)) {
    if (files.has(path)) continue;
    const reason = `${key} names ${path}, which is not among the packed files`;
    throw new ProvError('OCI_EXTENSION_INVALID', { path: dir, reason });
  }
}

function makeSpool(parent: string): string {
  try {
    return mkdtempSync(join(parent, 'prov-pack-'));
  } catch (error) {
    throw writeError(parent, error);
  }
}
