import { type Digest, isDigest, LIMITS, ProvError } from '#base';
import {
  ANNOTATION,
  assertReadable,
  type ConfigBlob,
  configBlobSchema,
  type DependencyFacts,
  type Descriptor,
  dependencyFacts,
  extensionManifestSchema,
  type ImageIndex,
  type ImageManifest,
  MEDIA,
  parseOciManifest,
  parseWire,
} from '#schemas';
import type { ReadStore } from './content-store.js';
import { assertAnnotations } from './extension-annotations.js';
import { fetchBytes } from './fetch-bytes.js';
import { parseJson } from './parse-json.js';

export interface ReadExtensionOptions {
  /** Version of this prov, for the config's `compatibility`. */
  readonly provVersion: string;
  /** `os/arch[/variant]`, to choose from an index. Without one, facts are read from its first child: all have the same. */
  readonly platform?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ExtensionAssetLayer {
  readonly name: string;
  readonly platform: string | undefined;
  readonly descriptor: Descriptor;
}

/** An extension as found in a store. */
export interface ReadExtension {
  /** What was asked for: the manifest, or the index it was chosen from. */
  readonly root: Descriptor;
  readonly rootBytes: Uint8Array;
  /** The manifest with the archive; equals `root` unless that is an index. */
  readonly descriptor: Descriptor;
  readonly manifestBytes: Uint8Array;
  readonly manifest: ImageManifest;
  readonly config: ConfigBlob;
  readonly configBytes: Uint8Array;
  readonly facts: DependencyFacts;
  /** The archive with the extension's directory. */
  readonly layer: Descriptor;
  /** Digest of the uncompressed archive, when the layer says it. */
  readonly treeDigest: Digest | undefined;
  /** Seconds since 1970 in the archive, for `treeDigest(dir, {mtime})`. */
  readonly epoch: number;
  readonly assets: readonly ExtensionAssetLayer[];
}

/**
 * Reads manifest and config of an extension and refuses one whose annotations contradict its config. Layers,
 * annotations and members that are not known are ignored, except those the config calls critical.
 * @throws OCI_ARTIFACT_NOT_EXTENSION, OCI_ANNOTATION_MISMATCH, OCI_PLATFORM_MISSING,
 *   SCHEMAS_NEEDS_NEWER_PROV, SCHEMAS_WIRE_INVALID; whatever the store throws.
 */
export async function readExtension(
  store: ReadStore,
  root: Descriptor,
  options: ReadExtensionOptions,
): Promise<ReadExtension> {
  const { signal } = options;
  const rootBytes = await fetchBytes(store, root, { signal });
  const parsedRoot = parseOciManifest(rootBytes, root.mediaType);
  const descriptor =
    parsedRoot.kind === 'manifest' ? root : chooseChild(store, root, parsedRoot.index, options.platform);
  const manifestBytes = descriptor === root ? rootBytes : await fetchBytes(store, descriptor, { signal });
  const parsed = descriptor === root ? parsedRoot : parseOciManifest(manifestBytes, descriptor.mediaType);
  if (parsed.kind === 'index') throw notExtension(store, descriptor, 'it is an index inside an index');
  const { manifest } = parsed;
  if (manifest.config.mediaType !== MEDIA.extensionConfig) {
    throw notExtension(
      store,
      descriptor,
      `its type is ${manifest.artifactType ?? manifest.config.mediaType}`,
    );
  }
  const layer = manifest.layers.find((each) => each.mediaType === MEDIA.ociLayerTarGzip);
  if (layer === undefined) throw notExtension(store, descriptor, 'it has no layer with a directory');
  const configBytes = await fetchBytes(store, manifest.config, { limit: LIMITS.configBlobBytes, signal });
  const config = parseConfig(configBytes, `the config of ${descriptor.digest}`, options.provVersion);
  const annotations = { ...manifest.annotations };
  assertAnnotations(config, annotations, { digest: descriptor.digest, where: store.label });
  if (parsedRoot.kind === 'index') {
    assertAnnotations(config, parsedRoot.index.annotations ?? {}, {
      digest: root.digest,
      where: store.label,
    });
  }
  const content = layer.annotations?.[ANNOTATION.orasDigest];
  return {
    root,
    rootBytes,
    descriptor,
    manifestBytes,
    manifest,
    config,
    configBytes,
    facts: dependencyFacts(config),
    layer,
    treeDigest: isDigest(content) ? content : undefined,
    epoch: epochOf(annotations[ANNOTATION.created]),
    assets: manifest.layers.filter((each) => each.mediaType === MEDIA.asset).map(assetLayer),
  };
}

/** Whether this prov understands a member of a config, so that it may be called critical. */
function isUnderstood(name: unknown): boolean {
  return name === 'critical' || Object.keys(extensionManifestSchema.shape).some((each) => each === name);
}

function parseConfig(bytes: Uint8Array, what: string, provVersion: string): ConfigBlob {
  const value = parseJson(bytes, what);
  assertReadable(value, what, provVersion);
  const critical: unknown = (value as { critical?: unknown } | null)?.critical;
  const unknown = Array.isArray(critical) ? critical.find((each) => !isUnderstood(each)) : undefined;
  if (unknown !== undefined) {
    throw new ProvError('SCHEMAS_NEEDS_NEWER_PROV', {
      path: what,
      needs: `that knows "${String(unknown)}"`,
      version: provVersion,
    });
  }
  return parseWire(configBlobSchema, value, what) as unknown as ConfigBlob;
}

function chooseChild(
  store: ReadStore,
  root: Descriptor,
  index: ImageIndex,
  platform: string | undefined,
): Descriptor {
  const named = index.manifests.map((child) => ({ child, name: platformName(child) }));
  const found = named.find(
    (each) => platform === undefined || each.name === platform || each.name?.startsWith(`${platform}/`),
  );
  if (found) return found.child;
  const offered = named.map((each) => each.name ?? '?').join(', ') || 'nothing';
  throw new ProvError('OCI_PLATFORM_MISSING', {
    digest: root.digest,
    where: store.label,
    platform: platform ?? 'any platform',
    offered,
  });
}

function platformName({ platform }: Descriptor): string | undefined {
  if (platform === undefined) return undefined;
  return [platform.os, platform.architecture, platform.variant]
    .filter((part) => part !== undefined)
    .join('/');
}

function assetLayer(descriptor: Descriptor): ExtensionAssetLayer {
  return {
    name: descriptor.annotations?.[ANNOTATION.asset] ?? '',
    platform: descriptor.annotations?.[ANNOTATION.platform],
    descriptor,
  };
}

function epochOf(created: string | undefined): number {
  const parsed = created === undefined ? 0 : Date.parse(created) / 1000;
  return Number.isSafeInteger(parsed) && parsed >= 0 ? parsed : 0;
}

function notExtension(store: ReadStore, { digest }: Descriptor, reason: string): ProvError {
  return new ProvError('OCI_ARTIFACT_NOT_EXTENSION', { digest, where: store.label, reason });
}
