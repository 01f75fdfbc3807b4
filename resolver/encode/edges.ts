import { parseRange } from '#schemas';
import type { PackageId } from '../package-id.js';
import {
  activeDependencies,
  dependencyTarget,
  isActive,
  type WrittenDependency,
} from './dependency-target.js';
import type { Policy } from './policy.js';
import type { ProblemPackage } from './problem.js';

/** A dependency of one version, with where it leads and what is asked of it after overrides. */
export interface Edge {
  readonly name: string;
  readonly id: PackageId;
  readonly written: WrittenDependency;
  readonly range: string;
  readonly optional: boolean;
  /** It names a registry or a namespace, so it means a package and never a capability. */
  readonly explicit: boolean;
}

/** The edges of a version whose facts are known, required ones first, in the order of their names. */
export function edgesOf(pkg: ProblemPackage, version: number, policy: Policy): readonly Edge[] {
  const { deps } = pkg.facts[version]!;
  const edges: Edge[] = [];
  for (const optional of [false, true]) {
    const written = optional ? deps.optional_dependencies : deps.dependencies;
    for (const [name, each] of activeDependencies(written, policy.platforms)) {
      const id = dependencyTarget(pkg.id!, name, each);
      const override = policy.overrides.get(id);
      const range = override === undefined ? each.version : parseRange(override.range);
      const explicit = each.registry !== undefined || each.namespace !== undefined;
      edges.push({ name, id, written: each, range, optional, explicit });
    }
  }
  return edges;
}

/** How another version of the same package writes the same edge, or undefined when it does not have it. */
export function sameEdge(
  pkg: ProblemPackage,
  version: number,
  { edge: { name, written, optional }, policy }: { edge: Edge; policy: Policy },
): WrittenDependency | undefined {
  const deps = pkg.facts[version]?.deps;
  const other: WrittenDependency | undefined = (
    optional ? deps?.optional_dependencies : deps?.dependencies
  )?.[name];
  if (other === undefined || other === written) return other;
  const isSame = other.registry === written.registry && other.namespace === written.namespace;
  return isSame && isActive(other, policy.platforms) ? other : undefined;
}
