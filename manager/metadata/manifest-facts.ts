import { isProvError, ProvError } from '#base';
import { annotatedFacts, fetchBytes, type RemoteRepository } from '#oci';
import { type PackageId, splitPackageId, type VersionFacts } from '#resolver';
import {
  configBlobSchema,
  type DependencyFacts,
  dependencyFacts,
  type ImageManifest,
  MEDIA,
  parseOciManifest,
  parseWire,
  versionToTag,
} from '#schemas';

/**
 * What a resolver needs of one version, from its manifest: one request, and one more only when its facts are
 * too large for an annotation.
 * @throws MANAGER_LIST_CHANGED, MANAGER_NOT_AN_EXTENSION, MANAGER_CONTENT_MISNAMED, SCHEMAS_WIRE_INVALID
 */
export async function readManifestFacts(
  repository: RemoteRepository,
  { id, version }: { readonly id: PackageId; readonly version: string },
  signal: AbortSignal | undefined,
): Promise<VersionFacts> {
  const { name } = splitPackageId(id);
  const tag = versionToTag(version);
  const { descriptor, bytes } = await fetchListed(repository, { name, version, tag }, signal);
  const parsed = parseOciManifest(bytes, descriptor.mediaType);
  const manifest = parsed.kind === 'manifest' ? parsed.manifest : parsed.index;
  const artifactType =
    manifest.artifactType ?? (parsed.kind === 'manifest' ? parsed.manifest.config.mediaType : undefined);
  const reference = `${repository.registry}/${repository.repository}:${tag}`;
  const no = (reason: string) => new ProvError('MANAGER_NOT_AN_EXTENSION', { reference, reason });
  if (artifactType !== MEDIA.extension && artifactType !== MEDIA.extensionConfig)
    throw no(`its type is ${artifactType ?? 'unknown'}`);
  const claimed = annotatedFacts(manifest.annotations);
  if (claimed.kind === undefined) throw no('it does not say its kind');
  if (claimed.name !== undefined && claimed.name !== name)
    throw new ProvError('MANAGER_CONTENT_MISNAMED', {
      reference,
      reason: `it calls itself ${claimed.name}`,
    });
  const inConfig = claimed.facts === undefined && parsed.kind === 'manifest';
  const deps = claimed.facts ?? (inConfig ? await configFacts(repository, parsed.manifest, signal) : {});
  return { version, kind: claimed.kind, deps, digest: descriptor.digest, size: descriptor.size };
}

async function fetchListed(
  repository: RemoteRepository,
  { name, version, tag }: { readonly name: string; readonly version: string; readonly tag: string },
  signal: AbortSignal | undefined,
) {
  try {
    return await repository.fetchManifest(tag, { signal });
  } catch (error) {
    if (!isProvError(error, 'OCI_REFERENCE_NOT_FOUND')) throw error;
    const where = repository.label;
    throw new ProvError('MANAGER_LIST_CHANGED', { name, version, where }, { cause: error });
  }
}

async function configFacts(
  repository: RemoteRepository,
  { config }: ImageManifest,
  signal: AbortSignal | undefined,
): Promise<DependencyFacts> {
  const what = `the config ${config.digest} of ${repository.label}`;
  const bytes = await fetchBytes(repository, config, { signal });
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const reason = (error as Error).message;
    throw new ProvError('SCHEMAS_WIRE_INVALID', { what, reason }, { cause: error });
  }
  return dependencyFacts(parseWire(configBlobSchema, value, what) as never);
}
