import { relative } from 'node:path';
import { ProvError } from '#base';
import {
  type Origin,
  type Override,
  type PackageId,
  packageId,
  preferredProviders,
  preferredVersions,
  type Requirement,
  type ResolveOptions,
  splitPackageId,
} from '#resolver';
import { type Lock, MIN_AGE } from '#schemas';
import { type ConfigOrigin, explainConfig, hostPlatform, type Workspace } from '#workspace';
import { type ManagerContext, metadataCacheDir } from '../context.js';
import { openMetadataCache } from '../metadata/metadata-cache.js';
import { createOfflineSource } from '../metadata/offline-source.js';
import { createRegistrySource, type RegistrySource } from '../metadata/registry-source.js';
import type { WorkspaceRegistries } from './workspace-registries.js';

export interface ResolutionSetup {
  readonly workspace: Workspace;
  readonly registries: WorkspaceRegistries;
  /** A lock whose choices are kept where possible. */
  readonly keep?: Lock | undefined;
}

/**
 * What a workspace asks of the resolver, each requirement and override with the file and line that says so.
 * @throws MANAGER_PATH_REQUIREMENT
 */
export function resolutionOptions(
  { workspace, registries, keep }: ResolutionSetup,
  context: ManagerContext,
): ResolveOptions & { readonly source: RegistrySource } {
  const { provVersion, signal, env } = context;
  const { strategy, prerelease, platforms, min_age: minAge, min_age_exempt: exempt } = workspace.resolution;
  return {
    requirements: requirementsOf(workspace),
    source: metadataSource(workspace, registries, context),
    platforms: platforms ?? [hostPlatform()],
    provVersion,
    strategy,
    prerelease,
    overrides: overridesOf(workspace),
    ...(minAge !== undefined && publishedBefore(minAge, env)),
    ageExempt: new Set((exempt ?? []).map((name) => firstRegistryId(workspace, name))),
    ...(keep && { preferred: preferredVersions(keep), preferredProviders: preferredProviders(keep) }),
    signal,
  };
}

/** What is known of packages: asked of the registries, or offline what they said before. */
function metadataSource(
  workspace: Workspace,
  registries: WorkspaceRegistries,
  context: ManagerContext,
): RegistrySource {
  const cache = openMetadataCache(metadataCacheDir(context));
  const trustTimes = workspace.resolution.age_source === 'registry';
  if (context.offline)
    return createOfflineSource({ host: (id) => registries.get(id).host, cache, trustTimes });
  return createRegistrySource({ ...registries, cache, trustTimes });
}

const SECONDS = { m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/** The newest time of publication that is old enough now, to the minute. `SOURCE_DATE_EPOCH` says what now is. */
function publishedBefore(
  minAge: string,
  env: NodeJS.ProcessEnv,
): Pick<ResolveOptions, 'publishedBefore' | 'minAgeSeconds'> {
  const [, count, unit] = MIN_AGE.exec(minAge)!;
  const epoch = env['SOURCE_DATE_EPOCH'];
  const now = epoch === undefined || !/^\d{1,12}$/.test(epoch) ? Date.now() / 1000 : Number(epoch);
  const seconds = Number(count) * SECONDS[unit as keyof typeof SECONDS];
  const limit = Math.floor((now - seconds) / 60) * 60_000;
  return { publishedBefore: new Date(limit).toISOString(), minAgeSeconds: seconds };
}

function requirementsOf(workspace: Workspace): Requirement[] {
  return workspace.requirements.map(({ registry, repository, range, kind, digest, origin }) => {
    if (registry === undefined || repository === undefined)
      throw new ProvError('MANAGER_PATH_REQUIREMENT', {
        place: `${origin.file ?? origin.layer}:${origin.line ?? 1}`,
      });
    return {
      registry,
      repository,
      range,
      kind,
      ...(digest !== undefined && { digest }),
      origin: placeOf(workspace, origin),
    };
  });
}

/** An override names an extension of the first registry, in its namespace unless it says another. */
function overridesOf(workspace: Workspace): Override[] {
  const places = new Map(explainConfig(workspace.config, 'resolution').map((row) => [row.key, row]));
  return Object.entries(workspace.resolution.overrides ?? {}).map(([name, range]) => ({
    ...splitPackageId(firstRegistryId(workspace, name)),
    range,
    origin: placeOf(workspace, places.get(`resolution.overrides.${name}`) ?? { layer: 'workspace' }),
  }));
}

function firstRegistryId({ registries }: Workspace, name: string): PackageId {
  const { id, namespace } = registries[0]!;
  return packageId(id, name.includes('/') || namespace === '' ? name : `${namespace}/${name}`);
}

/** The file as seen from the workspace; one outside it by its full path. */
function placeOf({ root }: Workspace, { file, line, layer }: ConfigOrigin): Origin {
  if (layer === 'flag') return { file: 'command line', layer: 'command line' };
  if (layer === 'variable') return { file: file ?? layer, layer };
  const inside = file === undefined ? undefined : relative(root, file);
  return {
    file: file === undefined || inside === undefined ? layer : inside.startsWith('..') ? file : inside,
    layer,
    ...(line !== undefined && { line }),
  };
}
