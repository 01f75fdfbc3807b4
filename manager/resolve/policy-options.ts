import { relative } from 'node:path';
import {
  type Advisory,
  type Constraint,
  type Origin,
  type PackageId,
  packageId,
  type ResolveOptions,
  sourceOf,
  splitPackageId,
} from '#resolver';
import { type ConfigOrigin, explainConfig, type Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import { firstRegistryId } from './first-registry-id.js';

/** Settings of a workspace that decide which versions go together, whatever it asks for and whatever there is. */
export type PolicyOptions = Pick<
  ResolveOptions,
  'provVersion' | 'prerelease' | 'overrides' | 'constraints' | 'advisories' | 'providerSources' | 'signal'
>;

export function policyOptions(
  workspace: Workspace,
  { provVersion, signal }: Pick<ManagerContext, 'provVersion' | 'signal'>,
): PolicyOptions {
  const sources = providerSources(workspace);
  return {
    provVersion,
    prerelease: workspace.resolution.prerelease,
    overrides: rangesOf(workspace, 'overrides'),
    constraints: rangesOf(workspace, 'constraints'),
    advisories: advisoriesOf(workspace),
    ...(sources !== undefined && { providerSources: sources }),
    signal,
  };
}

/** A name in these settings is an extension of the first registry, in its namespace unless it says another. */
function rangesOf(workspace: Workspace, setting: 'overrides' | 'constraints'): Constraint[] {
  const places = new Map(explainConfig(workspace.config, 'resolution').map((row) => [row.key, row]));
  return Object.entries(workspace.resolution[setting] ?? {}).map(([name, range]) => ({
    ...placeOfPackage(firstRegistryId(workspace, name)),
    range,
    origin: originOf(workspace, places.get(`resolution.${setting}.${name}`) ?? { layer: 'workspace' }),
  }));
}

function placeOfPackage(id: PackageId): { registry: string; repository: string } {
  const { registry, repository } = splitPackageId(id);
  return { registry, repository };
}

export function advisoriesOf(workspace: Workspace): Advisory[] {
  return (workspace.resolution.advisories ?? []).map(({ extension, range, id }) => ({
    ...placeOfPackage(firstRegistryId(workspace, extension)),
    range,
    advisory: id,
  }));
}

/** Which package serves a capability by `resolution.providers` or `resolution.default_providers`. */
export function providersOf(
  workspace: Workspace,
  setting: 'providers' | 'default_providers',
): ReadonlyMap<string, PackageId> {
  const named = Object.entries(workspace.resolution[setting] ?? {});
  return new Map(named.map(([capability, name]) => [capability, firstRegistryId(workspace, name)]));
}

/**
 * `registry:namespace` whose extensions may serve capabilities, when `resolution.provider_sources` names some: those,
 * and what the workspace names anyway. Undefined: whatever something depends on may serve them.
 */
export function providerSources({ registries, requirements, resolution }: Workspace): string[] | undefined {
  if (resolution.provider_sources === undefined) return undefined;
  const named = requirements.flatMap(({ registry, repository }) =>
    registry === undefined || repository === undefined ? [] : [sourceOf(packageId(registry, repository))],
  );
  const own = registries.map(({ id, namespace }) => `${id}:${namespace}`);
  return [...new Set([...own, ...named, ...resolution.provider_sources])];
}

/** The file as seen from the workspace; one outside it by its full path. */
export function originOf({ root }: Workspace, { file, line, layer }: ConfigOrigin): Origin {
  if (layer === 'flag') return { file: 'command line', layer: 'command line' };
  if (layer === 'variable') return { file: file ?? layer, layer };
  const inside = file === undefined ? undefined : relative(root, file);
  return {
    file: file === undefined || inside === undefined ? layer : inside.startsWith('..') ? file : inside,
    layer,
    ...(line !== undefined && { line }),
  };
}
