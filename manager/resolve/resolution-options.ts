import {
  type PackageId,
  type ProviderSource,
  preferredProviders,
  preferredVersions,
  type Requirement,
  type ResolveOptions,
  splitPackageId,
} from '#resolver';
import type { Lock } from '#schemas';
import { hostPlatform, type Workspace } from '#workspace';
import { type ManagerContext, metadataCacheDir } from '../context.js';
import { type LearnedFacts, learnedSource } from '../metadata/learned-source.js';
import { withLocalPackages } from '../metadata/local-source.js';
import { openMetadataCache } from '../metadata/metadata-cache.js';
import { createOfflineSource } from '../metadata/offline-source.js';
import { createRegistrySource, type RegistrySource } from '../metadata/registry-source.js';
import { firstRegistryId } from './first-registry-id.js';
import { type LocalPackages, localPath } from './local-packages.js';
import { ageLimit } from './minimum-age.js';
import { originOf, policyOptions, providersOf } from './policy-options.js';
import type { WorkspaceRegistries } from './workspace-registries.js';

export interface ResolutionSetup {
  readonly workspace: Workspace;
  readonly registries: WorkspaceRegistries;
  /** A lock whose choices are kept where possible. */
  readonly keep?: Lock | undefined;
  /** What reading versions showed, to which more may come between two resolutions. */
  readonly learned?: LearnedFacts | undefined;
}

/**
 * What a workspace asks of the resolver, each requirement and override with the file and line that says so.
 */
export function resolutionOptions(
  { workspace, registries, keep, learned = new Map() }: ResolutionSetup,
  context: ManagerContext,
): ResolveOptions & { readonly source: RegistrySource } {
  const { env } = context;
  const { strategy, platforms, signatures, min_age: minAge, min_age_exempt: exempt } = workspace.resolution;
  const signedTimes = minAge !== undefined && workspace.resolution.age_source !== 'registry';
  const chosenProviders = providersOf(workspace, 'providers');
  const defaultProviders = providersOf(workspace, 'default_providers');
  return {
    ...policyOptions(workspace, context),
    requirements: requirementsOf(workspace, registries.local),
    source: withProviders(
      withLocalPackages(
        learnedSource(metadataSource(workspace, registries, context), learned, { signedTimes }),
        registries.local,
      ),
      [chosenProviders, defaultProviders],
    ),
    platforms: platforms ?? [hostPlatform()],
    strategy,
    chosenProviders,
    defaultProviders,
    ...(signatures !== undefined && { signatures }),
    ...(minAge !== undefined && ageLimit(minAge, env)),
    ageExempt: new Set([
      ...(exempt ?? []).map((name) => firstRegistryId(workspace, name)),
      ...registries.local.keys(),
    ]),
    ...(keep && { preferred: preferredVersions(keep), preferredProviders: preferredProviders(keep) }),
  };
}

/** A registry is not searched for providers, where anybody may offer: the workspace names them or requires them. */
function withProviders(
  source: RegistrySource,
  named: readonly ReadonlyMap<string, PackageId>[],
): RegistrySource & ProviderSource {
  return {
    ...source,
    providers: async (capability) => named.flatMap((providers) => providers.get(capability) ?? []),
  };
}

/** What is known of packages: asked of the registries, or offline what they said before. */
export function metadataSource(
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
    const origin = originOf(workspace, requirement.origin);
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
