import { relative } from 'node:path';
import { ProvError } from '#base';
import {
  type Origin,
  type Override,
  preferredProviders,
  preferredVersions,
  type Requirement,
  type ResolveOptions,
} from '#resolver';
import type { Lock } from '#schemas';
import { type ConfigOrigin, explainConfig, hostPlatform, type Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import { createRegistrySource } from './registry-source.js';
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
  { provVersion, signal }: ManagerContext,
): ResolveOptions {
  const { strategy, prerelease, platforms } = workspace.resolution;
  return {
    requirements: requirementsOf(workspace),
    source: createRegistrySource((id) => registries.repository(id)),
    platforms: platforms ?? [hostPlatform()],
    provVersion,
    strategy,
    prerelease,
    overrides: overridesOf(workspace),
    ...(keep && { preferred: preferredVersions(keep), preferredProviders: preferredProviders(keep) }),
    signal,
  };
}

function requirementsOf(workspace: Workspace): Requirement[] {
  return workspace.requirements.map(({ registry, repository, range, kind, origin }) => {
    if (registry === undefined || repository === undefined)
      throw new ProvError('MANAGER_PATH_REQUIREMENT', {
        place: `${origin.file ?? origin.layer}:${origin.line ?? 1}`,
      });
    return { registry, repository, range, kind, origin: placeOf(workspace, origin) };
  });
}

/** An override names an extension of the first registry, in its namespace unless it says another. */
function overridesOf(workspace: Workspace): Override[] {
  const first = workspace.registries[0]!;
  const places = new Map(explainConfig(workspace.config, 'resolution').map((row) => [row.key, row]));
  return Object.entries(workspace.resolution.overrides ?? {}).map(([name, range]) => ({
    registry: first.id,
    repository: name.includes('/') || first.namespace === '' ? name : `${first.namespace}/${name}`,
    range,
    origin: placeOf(workspace, places.get(`resolution.overrides.${name}`) ?? { layer: 'workspace' }),
  }));
}

/** The file as seen from the workspace; one outside it by its full path. */
function placeOf({ root }: Workspace, { file, line, layer }: ConfigOrigin): Origin {
  const inside = file === undefined ? undefined : relative(root, file);
  return {
    file: file === undefined || inside === undefined ? layer : inside.startsWith('..') ? file : inside,
    layer,
    ...(line !== undefined && { line }),
  };
}
