import { isProvError, ProvError } from '#base';
import { fetchBytes, type RemoteRepository } from '#oci';
import type { FactsSource, MetadataSource, PackageId, PackageMetadata, VersionFacts } from '#resolver';
import { splitPackageId } from '#resolver';
import {
  ANNOTATION,
  type DependencyFacts,
  dependencyFactsSchema,
  KINDS,
  MEDIA,
  parseOciManifest,
  parseWire,
  tagToVersion,
  versionToTag,
} from '#schemas';

const CONFIG_MARK = '@config';

/** Finds the repository client behind a package id. */
export type RepositoryOf = (id: PackageId) => RemoteRepository;

/**
 * Versions from `tags/list`, facts from one manifest request a tried version. Works with any registry.
 * Tags that are not versions are ignored and reported.
 */
export function createRegistrySource(repositoryOf: RepositoryOf): MetadataSource & FactsSource {
  return {
    async versions(id, options) {
      const repository = repositoryOf(id);
      const tags = await listOptional(repository, options?.signal);
      if (tags === undefined) return undefined;
      const versions = tags.flatMap((tag) => tagToVersion(tag) ?? []);
      const ignoredTags = tags.filter((tag) => tagToVersion(tag) === undefined && !isBookkeeping(tag));
      return {
        versions,
        ignoredTags,
        location: `registry ${splitPackageId(id).registry}`,
      } satisfies PackageMetadata;
    },
    async facts(id, version, options) {
      const repository = repositoryOf(id);
      return readFacts(repository, id, version, options?.signal);
    },
  };
}

async function listOptional(
  repository: RemoteRepository,
  signal: AbortSignal | undefined,
): Promise<readonly string[] | undefined> {
  try {
    return await repository.list({ signal });
  } catch (error) {
    if (isProvError(error, 'OCI_REFERENCE_NOT_FOUND')) return undefined;
    throw error;
  }
}

/** Tags that tools keep for themselves: `sha256-<hex>…`, `_index`. */
function isBookkeeping(tag: string): boolean {
  return tag.startsWith('_') || /^sha(?:256|512)-[0-9a-f]{64}/.test(tag);
}

async function readFacts(
  repository: RemoteRepository,
  id: PackageId,
  version: string,
  signal: AbortSignal | undefined,
): Promise<VersionFacts> {
  const { descriptor, bytes } = await repository.fetchManifest(versionToTag(version), { signal });
  const parsed = parseOciManifest(bytes, descriptor.mediaType);
  const manifest = parsed.kind === 'manifest' ? parsed.manifest : parsed.index;
  const annotations = manifest.annotations ?? {};
  const artifactType =
    manifest.artifactType ?? (parsed.kind === 'manifest' ? parsed.manifest.config.mediaType : undefined);
  const reference = `${repository.registry}/${repository.repository}:${versionToTag(version)}`;
  if (artifactType !== MEDIA.extension && artifactType !== MEDIA.extensionConfig) {
    throw new ProvError('MANAGER_NOT_AN_EXTENSION', {
      reference,
      reason: `its type is ${artifactType ?? 'unknown'}`,
    });
  }
  const kind = KINDS.find((each) => each === annotations[ANNOTATION.kind]);
  if (kind === undefined)
    throw new ProvError('MANAGER_NOT_AN_EXTENSION', { reference, reason: 'it does not say its kind' });
  const { name } = splitPackageId(id);
  if (annotations[ANNOTATION.name] !== undefined && annotations[ANNOTATION.name] !== name) {
    throw new ProvError('MANAGER_CONTENT_MISNAMED', {
      reference,
      reason: `it calls itself ${annotations[ANNOTATION.name]}`,
    });
  }
  const facts = annotations[ANNOTATION.deps];
  const text =
    facts === CONFIG_MARK && parsed.kind === 'manifest'
      ? await readConfig(repository, parsed.manifest.config, signal)
      : (facts ?? '{}');
  const deps = parseWire(
    dependencyFactsSchema,
    parseJson(text, reference),
    `${ANNOTATION.deps} of ${reference}`,
  ) as DependencyFacts;
  return { version, kind, deps, digest: descriptor.digest, size: descriptor.size };
}

async function readConfig(
  repository: RemoteRepository,
  config: Parameters<typeof fetchBytes>[1],
  signal: AbortSignal | undefined,
): Promise<string> {
  return new TextDecoder().decode(await fetchBytes(repository, config, { signal }));
}

function parseJson(text: string, reference: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProvError(
      'SCHEMAS_WIRE_INVALID',
      { what: `${ANNOTATION.deps} of ${reference}`, reason: (error as Error).message },
      { cause: error },
    );
  }
}
