import { canonicalJson, type Digest, digestAlgorithm, digestOf, isProvError, LIMITS, ProvError } from '#base';
import {
  ANNOTATION,
  type ConfigBlob,
  configBlobSchema,
  type DependencyFacts,
  dependencyFacts,
  MEDIA,
  parseWire,
  splitRepository,
  tagToVersion,
} from '#schemas';
import type { RegistryContext } from '../context.js';
import type { ExtensionRecord } from '../storage/metadata-db.js';
import type { ReadManifest } from './read-manifest.js';

/** Value of the dependency annotation when the facts are too long for one. */
const IN_CONFIG = '@config';

export interface ExtensionPush {
  readonly repository: string;
  readonly read: ReadManifest;
  readonly tags: readonly string[];
}

/**
 * For an extension's manifest: its facts from the config blob, after making sure that name, kind, version
 * and dependencies say the same in config, annotations, repository and tags. Undefined for anything else.
 * @throws REGISTRY_EXTENSION_MISMATCH, REGISTRY_MANIFEST_BLOB_UNKNOWN
 * @see docs/spec/artifact.md
 */
export async function readExtension(
  context: RegistryContext,
  push: ExtensionPush,
): Promise<ExtensionRecord | undefined> {
  const { image } = push.read;
  if (push.read.artifactType !== MEDIA.extension && image?.config.mediaType !== MEDIA.extensionConfig)
    return undefined;
  if (image === undefined) throw mismatch('it is an index, which this version does not take for extensions');
  if (image.config.mediaType !== MEDIA.extensionConfig)
    throw mismatch(`its config has the type ${image.config.mediaType}`);
  const config = await readConfig(context, push.repository, image.config.digest);
  const facts = dependencyFacts(config);
  assertConsistent(push, config, facts);
  return {
    name: config.name,
    kind: config.type,
    version: config.version,
    description: config.description,
    deps: facts,
    deprecated: config.deprecated?.reason,
  };
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
    if (annotations[key] !== value)
      throw mismatch(`${key} is "${annotations[key]}", the config blob says "${value}"`);
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

function assertDependencies(annotation: string | undefined, facts: DependencyFacts): void {
  const computed = canonicalJson(facts);
  if (annotation === IN_CONFIG && Buffer.byteLength(computed) > LIMITS.dependencyAnnotationBytes) return;
  if (annotation === undefined || canonical(annotation) !== computed) {
    throw mismatch(`${ANNOTATION.deps} is not what the config blob gives`);
  }
}

function canonical(text: string): string | undefined {
  try {
    return canonicalJson(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function mismatch(reason: string): ProvError {
  return new ProvError('REGISTRY_EXTENSION_MISMATCH', { reason });
}
