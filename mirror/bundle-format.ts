import { type Digest, isDigest, ProvError } from '#base';
import {
  collect,
  describeBytes,
  EMPTY_BYTES,
  EMPTY_DESCRIPTOR,
  encodeManifest,
  fetchBytes,
  type ReadStore,
} from '#oci';
import {
  ANNOTATION,
  type Descriptor,
  formatLock,
  type ImageIndex,
  type Lock,
  MEDIA,
  parseLock,
  parseOciManifest,
} from '#schemas';

/** Version of the bundle's own manifest. A reader refuses another one. */
export const BUNDLE_VERSION = '1';
const LOCK_TITLE = 'prov.lock';
/** Files beside the lock are read into memory: small ones only. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** A file that travels with a bundle, for example a trust policy or a trusted root. */
export interface BundleFile {
  /** Plain file name. */
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** The bundle's own manifest: what no repository has. */
export interface BundleManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly blobs: readonly { readonly descriptor: Descriptor; readonly bytes: Uint8Array }[];
  /** Annotations of the layout's index, by which readers find the manifest. */
  readonly indexAnnotations: Readonly<Record<string, string>>;
}

/**
 * Builds the manifest that carries the lock and further files, so that plain OCI tools can fetch them too.
 * The same lock and files give the same bytes.
 */
export function buildBundleManifest(lock: Lock, files: readonly BundleFile[]): BundleManifest {
  const lockFile: BundleFile = {
    name: LOCK_TITLE,
    mediaType: MEDIA.lock,
    bytes: Buffer.from(formatLock(lock)),
  };
  const sorted = files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const layers = [lockFile, ...sorted].map(({ name, mediaType, bytes }) => ({
    descriptor: { ...describeBytes(bytes, mediaType), annotations: { [ANNOTATION.title]: name } },
    bytes,
  }));
  const bytes = encodeManifest({
    schemaVersion: 2,
    mediaType: MEDIA.ociManifest,
    artifactType: MEDIA.bundle,
    config: EMPTY_DESCRIPTOR,
    layers: layers.map(({ descriptor }) => descriptor),
    annotations: { [ANNOTATION.bundleVersion]: BUNDLE_VERSION },
  });
  const descriptor = { ...describeBytes(bytes, MEDIA.ociManifest), artifactType: MEDIA.bundle };
  return {
    descriptor,
    bytes,
    blobs: [{ descriptor: EMPTY_DESCRIPTOR, bytes: EMPTY_BYTES }, ...layers],
    indexAnnotations: {
      [ANNOTATION.bundleManifest]: descriptor.digest,
      [ANNOTATION.bundleVersion]: BUNDLE_VERSION,
    },
  };
}

/** What a bundle's own manifest holds. */
export interface BundleContent {
  readonly digest: Digest;
  readonly lock: Lock;
  readonly files: readonly BundleFile[];
}

/**
 * Reads the lock and the other files that travel with a bundle, all checked against their digests.
 * @throws MIRROR_BUNDLE_FOREIGN, SCHEMAS_LOCK_INVALID, SCHEMAS_NEEDS_NEWER_PROV; OCI_* for damaged content.
 */
export async function readBundleManifest(
  file: string,
  layout: { readonly index: ImageIndex; readonly store: ReadStore },
  signal?: AbortSignal,
): Promise<BundleContent> {
  const { index, store } = layout;
  const foreign = (reason: string) => new ProvError('MIRROR_BUNDLE_FOREIGN', { file, reason });
  const version = index.annotations?.[ANNOTATION.bundleVersion];
  if (version !== undefined && version !== BUNDLE_VERSION) {
    const reads = `which reads version ${BUNDLE_VERSION}`;
    throw new ProvError('SCHEMAS_NEEDS_NEWER_PROV', {
      path: file,
      needs: `for bundle version ${version}`,
      version: reads,
    });
  }
  const digest = index.annotations?.[ANNOTATION.bundleManifest];
  const listed = index.manifests.find((entry) => entry.digest === digest);
  if (!isDigest(digest) || listed === undefined) throw foreign('its index names no lock');
  const { mediaType, size } = listed;
  const parsed = parseOciManifest(
    await fetchBytes(store, { mediaType, digest, size }, { signal }),
    mediaType,
  );
  const layers = parsed.kind === 'manifest' ? parsed.manifest.layers : [];
  const files: BundleFile[] = [];
  for (const layer of layers) {
    if (layer.size > MAX_FILE_BYTES) throw foreign(`${layer.digest} is too large for a file beside the lock`);
    const bytes = await collect(await store.fetch(layer, { signal }));
    files.push({ name: layer.annotations?.[ANNOTATION.title] ?? '', mediaType: layer.mediaType, bytes });
  }
  const lock = files.find((each) => each.mediaType === MEDIA.lock);
  if (lock === undefined) throw foreign('it carries no lock');
  const text = Buffer.from(lock.bytes).toString('utf8');
  return {
    digest,
    lock: parseLock(text, `${LOCK_TITLE} in ${file}`),
    files: files.filter((each) => each !== lock),
  };
}
