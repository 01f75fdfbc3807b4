import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Digest, digestFile, filePieces, ProvError } from '#base';
import { attachArtifact, type ByteSource, openOciLayout, packTree, unwrittenStore } from '#oci';
import {
  ANNOTATION,
  type Descriptor,
  type FileReference,
  formatReference,
  MEDIA,
  type RemoteReference,
} from '#schemas';
import { openLocation } from '../access/location.js';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { type Rehearsed, rehearsed } from '../transfer/rehearsed.js';
import { sbomType } from './sbom-type.js';

export interface AttachedFile {
  /** A file, or a directory that is packed as ORAS packs one. */
  readonly path: string;
  readonly mediaType?: string | undefined;
}

export interface AttachFilesOptions {
  readonly reference: RemoteReference | FileReference;
  readonly files: readonly AttachedFile[];
  /** Default: what the first file is recognised as; only SBOMs are. */
  readonly artifactType?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly dryRun?: boolean | undefined;
}

export interface AttachFilesResult extends Rehearsed {
  readonly subject: string;
  /** Of the attached artifact's manifest. */
  readonly digest: Digest;
  readonly artifactType: string;
  readonly files: readonly { readonly title: string; readonly mediaType: string; readonly size: number }[];
  readonly size: number;
  readonly attached: boolean;
  readonly requests: Readonly<Record<string, number>>;
}

const MEDIA_TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

/**
 * Attaches files to an artifact as a referrer, in the form that `oras attach` writes and `oras pull` reads.
 * Nothing is visible until all content is there; the same files give the same digest.
 * @throws MANAGER_ATTACH_INVALID, OCI_REFERENCE_NOT_FOUND
 * @see OCI image-spec 1.1, manifest.md, "Guidelines for Artifact Usage"
 */
export async function attachFiles(
  options: AttachFilesOptions,
  context: ManagerContext,
): Promise<AttachFilesResult> {
  const { dryRun = false, ...real } = options;
  return dryRun ? rehearsed(context, (within) => attach(real, within)) : attach(real, context);
}

async function attach(options: AttachFilesOptions, context: ManagerContext): Promise<AttachFilesResult> {
  const { signal, rehearsal } = context;
  if (options.reference.type === 'bundle')
    throw invalid('a bundle is read only', 'Import it into a registry or a layout first.');
  const spool = await mkdtemp(join(tmpdir(), 'prov-attach-'));
  try {
    const layers = await describeFiles(options.files, spool, signal);
    const artifactType = options.artifactType ?? layers.find(({ sbom }) => sbom !== undefined)?.sbom;
    if (artifactType === undefined)
      throw invalid(
        'its artifact type is not known',
        'Give --artifact-type, for example application/vnd.acme.report.',
      );
    assertMediaType(artifactType);
    return await withRegistries(context, async (registries) => {
      const { reference, annotations } = options;
      const location = await openLocation(reference, registries, { signal });
      const layout =
        reference.type === 'remote' ? undefined : await openOciLayout(reference.path, { create: false });
      try {
        const inLayout = layout?.repository(location.repository);
        const store =
          inLayout === undefined
            ? registries.open(location.registry!).repository(location.repository)
            : rehearsal === undefined
              ? inLayout
              : unwrittenStore(inLayout);
        const subject = await location.store.resolve(location.target, { signal });
        const attached = await attachArtifact(store, { subject, artifactType, layers, annotations, signal });
        return {
          subject: formatReference({ ...reference, digest: subject.digest }),
          digest: attached.digest,
          artifactType,
          files: layers.map(({ descriptor }) => ({
            title: descriptor.annotations![ANNOTATION.title]!,
            mediaType: descriptor.mediaType,
            size: descriptor.size,
          })),
          size: layers.reduce((sum, { descriptor }) => sum + descriptor.size, attached.size),
          attached: rehearsal === undefined,
          requests: { ...registries.requests },
        };
      } finally {
        await layout?.close();
        await location.close();
      }
    });
  } finally {
    await rm(spool, { recursive: true, force: true });
  }
}

interface AttachedLayer {
  readonly descriptor: Descriptor;
  readonly source: ByteSource;
  readonly sbom: string | undefined;
}

async function describeFiles(
  files: readonly AttachedFile[],
  spool: string,
  signal: AbortSignal | undefined,
): Promise<readonly AttachedLayer[]> {
  const layers: AttachedLayer[] = [];
  for (const file of files) {
    const layer = await describeFile(file, join(spool, String(layers.length)), signal);
    const title = layer.descriptor.annotations?.[ANNOTATION.title];
    if (layers.some(({ descriptor }) => descriptor.annotations?.[ANNOTATION.title] === title))
      throw invalid(`two files are called ${title}`, 'Rename one of them.');
    layers.push(layer);
  }
  return layers;
}

async function describeFile(
  { path, mediaType }: AttachedFile,
  archive: string,
  signal: AbortSignal | undefined,
): Promise<AttachedLayer> {
  if (mediaType !== undefined) assertMediaType(mediaType);
  const title = basename(path);
  const found = await inspectPath(path);
  if (found.isDirectory()) {
    const { descriptor } = await packTree(path, archive, { title, signal });
    return {
      descriptor: { ...descriptor, ...(mediaType && { mediaType }) },
      source: () => filePieces(archive),
      sbom: undefined,
    };
  }
  if (!found.isFile()) throw invalid(`${path} is neither a file nor a directory`, 'Give a plain file.');
  const { digest, size } = await digestFile(path, 'sha256', signal);
  const sbom = await sbomType(path, size);
  return {
    descriptor: {
      mediaType: mediaType ?? sbom ?? MEDIA.ociLayerTar,
      digest,
      size,
      annotations: { [ANNOTATION.title]: title },
    },
    source: () => filePieces(path),
    sbom,
  };
}

async function inspectPath(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new ProvError('BASE_FILE_MISSING', { path }, { cause: error });
    throw new ProvError('BASE_FILE_UNREADABLE', { path, reason: code ?? message }, { cause: error });
  }
}

/** Each side of a type has the form of RFC 6838, section 4.2. */
function assertMediaType(value: string): void {
  if (!MEDIA_TYPE.test(value))
    throw invalid(`"${value}" is not a media type`, 'Write it like application/vnd.acme.report+json.');
}

function invalid(reason: string, hint: string): ProvError {
  return new ProvError('MANAGER_ATTACH_INVALID', { reason, hint });
}
