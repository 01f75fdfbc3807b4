import { relative } from 'node:path';
import {
  type Origin,
  type Override,
  preferredProviders,
  preferredVersions,
  type Requirement,
  type ResolveOptions,
  splitPackageId,
} from '#resolver';
import type { Lock } from '#schemas';
import { type ConfigOrigin, explainConfig, hostPlatform, type Workspace } from '#workspace';
import { type ManagerContext, metadataCacheDir } from '../context.js';
import { withLocalPackages } from '../metadata/local-source.js';
import { openMetadataCache } from '../metadata/metadata-cache.js';
import { createOfflineSource } from '../metadata/offline-source.js';
import { createRegistrySource, type RegistrySource } from '../metadata/registry-source.js';
import { firstRegistryId } from './first-registry-id.js';
import { type LocalPackages, localPath } from './local-packages.js';
import { ageLimit } from './minimum-age.js';
import type { WorkspaceRegistries } from './workspace-registries.js';

export interface ResolutionSetup {
  readonly workspace: Workspace;
  readonly registries: WorkspaceRegistries;
  /** A lock whose choices are kept where possible. */
  readonly keep?: Lock | undefined;
}

/**
 * What a workspace asks of the resolver, each requirement and override with the file and line that says so.
 */
export function resolutionOptions(
  { workspace, registries, keep }: ResolutionSetup,
  context: ManagerContext,
): ResolveOptions & { readonly source: RegistrySource } {
  const { env } = context;
  const { strategy, platforms, min_age: minAge, min_age_exempt: exempt } = workspace.resolution;
  return {
    ...policyOptions(workspace, context),
    requirements: requirementsOf(workspace, registries.local),
    source: withLocalPackages(metadataSource(workspace, registries, context), registries.local),
    platforms: platforms ?? [hostPlatform()],
    strategy,
    ...(minAge !== undefined && ageLimit(minAge, env)),
    ageExempt: new Set([
      ...(exempt ?? []).map((name) => firstRegistryId(workspace, name)),
      ...registries.local.keys(),
    ]),
    ...(keep && { preferred: preferredVersions(keep), preferredProviders: preferredProviders(keep) }),
  };
}

/** What decides in a workspace which versions go together, whatever it asks for and whatever there is. */
export function policyOptions(
  workspace: Workspace,
  { provVersion, signal }: Pick<ManagerContext, 'provVersion' | 'signal'>,
): Pick<ResolveOptions, 'provVersion' | 'prerelease' | 'overrides' | 'signal'> {
  const { prerelease } = workspace.resolution;
  return { provVersion, prerelease, overrides: overridesOf(workspace), signal };
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

function requirementsOf(workspace: Workspace, local: LocalPackages): Requirement[] {
  const byPath = new Map([...local.values()].map((each) => [each.path, each]));
  return workspace.requirements.flatMap((requirement): Requirement[] => {
    const { registry, repository, path, range, kind, digest, alias } = requirement;
    const origin = placeOf(workspace, requirement.origin);
    const here = path === undefined ? undefined : byPath.get(localPath(workspace, path));
    if (here !== undefined) {
      const { id, facts } = here;
      const { registry: at, repository: as } = splitPackageId(id);
      return [{ registry: at, repository: as, range: facts.version, kind, origin }];
    }
    if (registry === undefined || repository === undefined) return [];
    const more = { ...(digest !== undefined && { digest }), ...(alias !== undefined && { alias }) };
    return [{ registry, repository, range, kind, ...more, origin }];
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
