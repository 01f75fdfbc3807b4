import { createReadStream, existsSync } from 'node:fs';
import { isProvError, ProvError } from '#base';
import { type ListedArchive, listArchive, type ReadStore } from '#oci';
import {
  ANNOTATION,
  type Descriptor,
  type FileReference,
  formatReference,
  isManifestType,
  MEDIA,
  parseOciManifest,
  type RemoteReference,
} from '#schemas';
import { openLocation } from '../access/location.js';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import type { PackageSource } from './package-source.js';

/** One archive inside an artifact, listed without unpacking it. */
export interface InspectedArchive extends ListedArchive {
  /** The layer it is, when it is one; the digest was checked. */
  readonly layer?: Descriptor;
}

export interface InspectArtifactResult {
  readonly path: string;
  readonly form: 'directory archive' | 'OCI artifact';
  readonly digest: string;
  readonly artifactType?: string;
  readonly layers: readonly Descriptor[];
  readonly archives: readonly InspectedArchive[];
  /** What would make prov refuse it: `entry: reason`. */
  readonly findings: readonly string[];
}

/**
 * Looks into a package without unpacking it: its layers, every entry of its archives, digests, and what in it
 * is hostile or damaged. Nothing is written.
 */
export async function inspectArtifact(
  source: PackageSource,
  context: ManagerContext,
): Promise<InspectArtifactResult> {
  if (source.type === 'directory')
    throw new ProvError(existsSync(source.path) ? 'MANAGER_PACKAGE_FORM_UNKNOWN' : 'BASE_FILE_MISSING', {
      path: source.path,
    });
  if (source.type !== 'archive') return inspectStored(source, context);
  const archive = await listArchive(createReadStream(source.path), { signal: context.signal });
  return {
    path: source.path,
    form: 'directory archive',
    digest: archive.digest,
    layers: [],
    archives: [archive],
    findings: findingsOf(archive),
  };
}

async function inspectStored(
  reference: FileReference | RemoteReference,
  context: ManagerContext,
): Promise<InspectArtifactResult> {
  const { signal } = context;
  return withRegistries(context, async (registries) => {
    const location = await openLocation(reference, registries, { signal: context.signal });
    try {
      const { store, target } = location;
      const root = await store.resolve(target, { signal });
      const read = await readManifest(store, root, signal);
      const archives: InspectedArchive[] = [];
      const findings: string[] = [];
      for (const layer of read.layers.filter(isArchive)) {
        const looked = await inspectLayer(store, layer, signal);
        if (typeof looked === 'string') findings.push(`${layer.digest}: ${looked}`);
        else {
          archives.push(looked);
          findings.push(...findingsOf(looked));
        }
      }
      return {
        path: formatReference({ ...reference, digest: root.digest }),
        form: 'OCI artifact',
        digest: root.digest,
        ...(read.artifactType === undefined ? {} : { artifactType: read.artifactType }),
        layers: read.layers,
        archives,
        findings,
      };
    } finally {
      await location.close();
    }
  });
}

async function readManifest(store: ReadStore, root: Descriptor, signal: AbortSignal | undefined) {
  const { artifactTypeOf, fetchBytes } = await import('#oci');
  const parsed = parseOciManifest(await fetchBytes(store, root, { signal }), root.mediaType);
  const layers = parsed.kind === 'index' ? parsed.index.manifests : parsed.manifest.layers;
  return { artifactType: artifactTypeOf(parsed), layers };
}

function isArchive({ mediaType, annotations }: Descriptor): boolean {
  if (isManifestType(mediaType)) return false;
  return mediaType === MEDIA.ociLayerTarGzip || annotations?.[ANNOTATION.orasUnpack] === 'true';
}

/** The listing of a layer, or why its bytes are not what its descriptor says. */
async function inspectLayer(
  store: ReadStore,
  layer: Descriptor,
  signal: AbortSignal | undefined,
): Promise<InspectedArchive | string> {
  try {
    const listed = await listArchive(await store.fetch(layer, { signal }), { signal });
    const expected = layer.annotations?.[ANNOTATION.orasDigest];
    const problems =
      expected !== undefined && expected !== listed.treeDigest && listed.problems.length === 0
        ? [`its uncompressed digest is ${listed.treeDigest}, not ${expected}`]
        : listed.problems;
    return { ...listed, problems, layer };
  } catch (error) {
    if (isProvError(error, 'OCI_DIGEST_MISMATCH') || isProvError(error, 'OCI_SIZE_MISMATCH'))
      return error.message;
    throw error;
  }
}

function findingsOf({ entries, problems }: ListedArchive): readonly string[] {
  return [
    ...problems,
    ...entries.flatMap(({ path, refused }) => (refused === undefined ? [] : [`${path}: ${refused}`])),
  ];
}
