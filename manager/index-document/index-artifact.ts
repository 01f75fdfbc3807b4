import { canonicalJson, type JsonValue, ProvError } from '#base';
import {
  bytesSource,
  describeBytes,
  EMPTY_BYTES,
  EMPTY_DESCRIPTOR,
  encodeManifest,
  fetchBytes,
  type RemoteRepository,
  type TagState,
} from '#oci';
import { type Descriptor, type IndexDocument, MEDIA, parseOciManifest } from '#schemas';
import { INDEX_BYTES, parseIndex } from './parse-index.js';

/** The tag under which registries that are not ours keep the index of a package. */
export const INDEX_TAG = '_index';

export interface IndexArtifact {
  readonly document: IndexDocument;
  /** The tag as it was read, for a replacement that nobody else's is lost by. */
  readonly state: TagState;
}

/**
 * The index kept under `_index`; undefined when there is no such tag.
 * @throws SCHEMAS_WIRE_INVALID when something else is there; OCI_*
 */
export async function readIndexArtifact(
  repository: RemoteRepository,
  signal?: AbortSignal,
): Promise<IndexArtifact | undefined> {
  const state = await repository.readTag(INDEX_TAG, { signal });
  if (state === undefined) return undefined;
  const layer = layerOf(state, repository.label);
  const bytes = await fetchBytes(repository, layer, { limit: INDEX_BYTES, signal });
  return { document: parseIndex(bytes, repository.repository, repository.label), state };
}

/** The same document always gives the same bytes. */
export function encodeIndexDocument(document: IndexDocument): Uint8Array {
  return Buffer.from(canonicalJson(document as unknown as JsonValue));
}

/** Stores the document and then, if the tag is still as it was read, the manifest under `_index`. */
export async function replaceIndexArtifact(
  repository: RemoteRepository,
  document: IndexDocument,
  before: TagState | undefined,
  signal?: AbortSignal,
): Promise<boolean> {
  const content = encodeIndexDocument(document);
  const layer = describeBytes(content, MEDIA.indexDocument);
  await repository.push(EMPTY_DESCRIPTOR, bytesSource(EMPTY_BYTES), { signal });
  await repository.push(layer, bytesSource(content), { signal });
  const bytes = encodeManifest({
    schemaVersion: 2,
    mediaType: MEDIA.ociManifest,
    artifactType: MEDIA.index,
    config: EMPTY_DESCRIPTOR,
    layers: [layer],
  });
  return repository.replaceTag(INDEX_TAG, { bytes, mediaType: MEDIA.ociManifest }, before, { signal });
}

function layerOf({ bytes, descriptor }: TagState, where: string): Descriptor {
  const what = `the tag ${INDEX_TAG} of ${where}`;
  const parsed = parseOciManifest(bytes, descriptor.mediaType);
  if (parsed.kind !== 'manifest' || parsed.manifest.artifactType !== MEDIA.index)
    throw new ProvError('SCHEMAS_WIRE_INVALID', { what, reason: 'it is not a package index' });
  const layer = parsed.manifest.layers.find(({ mediaType }) => mediaType === MEDIA.indexDocument);
  if (layer === undefined)
    throw new ProvError('SCHEMAS_WIRE_INVALID', { what, reason: 'it has no index in it' });
  return layer;
}
