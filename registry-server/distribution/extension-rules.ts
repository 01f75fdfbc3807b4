import { canonicalJson, type Digest, digestAlgorithm, digestOf, isProvError, LIMITS, ProvError } from '#base';
import {
  ANNOTATION,
  type ConfigBlob,
  configBlobSchema,
  type DependencyFacts,
  dependencyFacts,
  dependencyFactsSchema,
  type ImageManifest,
  MEDIA,
  parseWire,
  splitRepository,
  tagToVersion,
} from '#schemas';
import type { RegistryContext } from '../context.js';
import type { ExtensionRecord } from '../storage/metadata-db.js';
import { type ReadManifest, readManifest } from './read-manifest.js';

/** Value of the dependency annotation when the facts are too long for one. */
const IN_CONFIG = '@config';
/** Children of one extension's index, at most. */
const MAX_PLATFORMS = 64;
const MAX_KEYWORDS = 64;

export interface ExtensionPush {
  readonly repository: string;
  readonly read: ReadManifest;
  readonly tags: readonly string[];
}

/**
 * For an extension's manifest (or the index over its platforms): its facts from the config blob, after
 * making sure that name, kind, version and dependencies say the same in config, annotations, repository and
 * tags. Annotations that are absent contradict nothing. Undefined for anything that is no extension.
 * @throws REGISTRY_EXTENSION_MISMATCH, REGISTRY_MANIFEST_BLOB_UNKNOWN
 * @see docs/spec/artifact.md
 */
export async function readExtension(
  context: RegistryContext,
  push: ExtensionPush,
): Promise<ExtensionRecord | undefined> {
  const { repository, read } = push;
  if (read.artifactType !== MEDIA.extension && read.image?.config.mediaType !== MEDIA.extensionConfig) {
    return undefined;
  }
  const images =
    read.image === undefined ? await readChildren(context, repository, read.children) : [read.image];
  let record: ExtensionRecord | undefined;
  for (const { config: descriptor } of images) {
    if (descriptor.mediaType !== MEDIA.extensionConfig) {
      throw mismatch(`its config has the type ${descriptor.mediaType}`);
    }
    const config = await readConfig(context, repository, descriptor.digest);
    const deps = dependencyFacts(config);
    assertConsistent(push, config, deps);
    record ??= {
      name: config.name,
      kind: config.type,
      version: config.version,
      description: config.description,
      deps,
      deprecated: config.deprecated?.reason,
      replacement: config.deprecated?.replacement,
      keywords: keywordsOf(config),
    };
  }
  if (record === undefined) throw mismatch('it is an index of nothing');
  return record;
}

/** What people may search for besides name and description. */
function keywordsOf({ tags = [], category }: ConfigBlob): readonly string[] | undefined {
  const all = [...new Set([...tags, ...(category === undefined ? [] : [category])])].slice(0, MAX_KEYWORDS);
  return all.length === 0 ? undefined : all;
}

/** The images of an index, by platform; they were pushed before it. */
async function readChildren(
  context: RegistryContext,
  repository: string,
  children: readonly Digest[],
): Promise<ImageManifest[]> {
  if (children.length > MAX_PLATFORMS)
    throw mismatch(`it has ${children.length} platforms of ${MAX_PLATFORMS}`);
  const images: ImageManifest[] = [];
  for (const digest of children) {
    const child = await context.cache.find(repository, { digest });
    if (child === undefined) {
      throw new ProvError('REGISTRY_MANIFEST_BLOB_UNKNOWN', { repository, missing: digest });
    }
    const { image } = readManifest(child.bytes, child.mediaType);
    if (image === undefined) throw mismatch('it is an index of indexes');
    images.push(image);
  }
  return images;
}

async function readConfig(context: RegistryContext, repository: string, digest: Digest): Promise<ConfigBlob> {
  const size = await context.metadata.findBlob(repository, digest);
  const blob = size === undefined ? undefined : await context.blobs.open(digest);
  if (blob === undefined)
    throw new ProvError('REGISTRY_MANIFEST_BLOB_UNKNOWN', { repository, missing: digest });
  try {
    if (blob.size > LIMITS.configBlobBytes) throw mismatch('its config blob is too large');
    const bytes = Buffer.alloc(blob.size);
    for (let position = 0; position < bytes.byteLength; ) {
      const bytesRead = await blob.read(bytes.subarray(position), position);
      if (bytesRead === 0) break;
      position += bytesRead;
    }
    if (digestOf(bytes, digestAlgorithm(digest)) !== digest)
      throw mismatch('its stored config blob is damaged; push it again');
    return parseConfig(bytes);
  } finally {
    await blob.close();
  }
}

function parseConfig(bytes: Buffer): ConfigBlob {
  try {
    return parseWire(configBlobSchema, JSON.parse(bytes.toString()), 'the config blob') as ConfigBlob;
  } catch (error) {
    if (!(error instanceof SyntaxError) && !isProvError(error, 'SCHEMAS_WIRE_INVALID')) throw error;
    throw new ProvError('REGISTRY_EXTENSION_MISMATCH', { reason: error.message }, { cause: error });
  }
}

function assertConsistent(
  { repository, read, tags }: ExtensionPush,
  config: ConfigBlob,
  facts: DependencyFacts,
): void {
  const annotations = read.annotations ?? {};
  const expected: Record<string, string> = {
    [ANNOTATION.name]: config.name,
    [ANNOTATION.kind]: config.type,
    [ANNOTATION.version]: config.version,
  };
  for (const [key, value] of Object.entries(expected)) {
    const said = annotations[key];
    if (said !== undefined && said !== value) {
      throw mismatch(`${key} is "${said}", the config blob says "${value}"`);
    }
  }
  assertDependencies(annotations[ANNOTATION.deps], facts);
  const { name } = splitRepository(repository);
  if (name !== config.name) throw mismatch(`it is called "${config.name}" and pushed as "${name}"`);
  for (const tag of tags) {
    const version = tagToVersion(tag);
    if (version !== undefined && version !== config.version) {
      throw mismatch(`its version is ${config.version} and its tag ${tag}`);
    }
  }
  const size = Buffer.byteLength(JSON.stringify(annotations));
  if (size > LIMITS.annotationBytes)
    throw mismatch(`its annotations have ${size} bytes of ${LIMITS.annotationBytes}`);
}

/** Compares the facts this version knows; a newer prov may have written more. */
function assertDependencies(annotation: string | undefined, facts: DependencyFacts): void {
  if (annotation === undefined || annotation === IN_CONFIG) return;
  const claimed = parseFacts(annotation);
  const computed = facts as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(dependencyFactsSchema.shape)) {
    if (canonicalJson(claimed[key] ?? null) !== canonicalJson(computed[key] ?? null)) {
      throw mismatch(`${ANNOTATION.deps} has other ${key} than the config blob`);
    }
  }
}

function parseFacts(text: string): Readonly<Record<string, unknown>> {
  try {
    return parseWire(dependencyFactsSchema, JSON.parse(text), ANNOTATION.deps);
  } catch (error) {
    if (!(error instanceof SyntaxError) && !isProvError(error, 'SCHEMAS_WIRE_INVALID')) throw error;
    throw new ProvError('REGISTRY_EXTENSION_MISMATCH', { reason: error.message }, { cause: error });
  }
}

function mismatch(reason: string): ProvError {
  return new ProvError('REGISTRY_EXTENSION_MISMATCH', { reason });
}
