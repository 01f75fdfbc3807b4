import type { Policy } from './encode/policy.js';
import type { ResolveResult, Unsatisfiable } from './failure.js';
import type { PackageId } from './package-id.js';
import type { Solution, SolvedEdge, SolvedPackage } from './solution.js';

type Find = (policy: Policy) => Promise<ResolveResult>;

/**
 * One solution for all platforms where there is one; where only the platforms stand in its way, one for each,
 * as alike as they can be, merged: what is not for all of them says which it is for. Without a solution for
 * some platform, the failure of that platform.
 */
export async function acrossPlatforms(policy: Policy, find: Find): Promise<ResolveResult> {
  const together = await find(policy);
  const { platforms } = policy;
  if (together.ok || platforms.length < 2 || together.failure.type !== 'unsatisfiable') return together;
  if (!isAboutPlatforms(together.failure)) return together;
  const solutions: Solution[] = [];
  const alike = new Map(policy.alike);
  for (const platform of platforms) {
    const result = await find({ ...policy, platforms: [platform], alike });
    if (!result.ok) return result;
    solutions.push(result.solution);
    for (const { id, version } of result.solution.packages) if (!alike.has(id)) alike.set(id, version);
  }
  return { ok: true, solution: merged(solutions, policy) };
}

/** A proof without such a fact holds on every platform alone, too. */
function isAboutPlatforms({ proof }: Unsatisfiable): boolean {
  return proof.facts.some(
    ({ cause }) =>
      cause.type === 'platform' || (cause.type === 'dependency' && cause.platforms !== undefined),
  );
}

/** One package or edge with the platforms whose solutions hold it, in their order. */
interface Seen<T> {
  readonly found: T[];
  readonly platforms: string[];
}

function merged(solutions: readonly Solution[], { platforms }: Policy): Solution {
  const packages = collect(
    solutions.map((solution) => solution.packages),
    platforms,
    ({ id, version }) => `${id}@${version}`,
  );
  const held = collect(
    solutions.map((solution) => solution.heldBack),
    platforms,
    ({ id, version }) => `${id}@${version}`,
  );
  const capabilities = Object.assign({}, ...solutions.map((each) => each.capabilities).reverse()) as Record<
    string,
    PackageId
  >;
  const sum = (of: 'decisions' | 'conflicts' | 'packages' | 'elapsedMs'): number =>
    solutions.reduce((total, { statistics }) => total + statistics[of], 0);
  return {
    packages: packages.map((seen) => mergedPackage(seen, platforms)).sort(byId),
    capabilities: Object.fromEntries(Object.entries(capabilities).sort(([a], [b]) => (a < b ? -1 : 1))),
    heldBack: held.map(({ found }) => found[0]!).sort(byId),
    policy: { ...solutions[0]!.policy, platforms },
    statistics: {
      decisions: sum('decisions'),
      conflicts: sum('conflicts'),
      packages: sum('packages'),
      elapsedMs: sum('elapsedMs'),
    },
  };
}

function mergedPackage(seen: Seen<SolvedPackage>, all: readonly string[]): SolvedPackage {
  const { found, platforms } = seen;
  const edges = collect(
    found.map(({ dependencies }) => dependencies),
    platforms,
    ({ name, id, version }) => `${name} ${id}@${version}`,
  );
  const skipped = new Map(
    found.flatMap((each) => each.skipped.map((skip) => [`${skip.name} ${skip.range}`, skip])),
  );
  return {
    ...found[0]!,
    dependencies: edges.map((edge): SolvedEdge => ({ ...edge.found[0]!, ...limits(edge, platforms) })),
    skipped: [...skipped.values()],
    requiredBy: [...new Set(found.flatMap(({ requiredBy }) => requiredBy))].sort(),
    ...limits(seen, all),
  };
}

function limits({ platforms }: Seen<unknown>, all: readonly string[]): { platforms?: readonly string[] } {
  return platforms.length === all.length ? {} : { platforms };
}

function collect<T>(
  lists: readonly (readonly T[])[],
  platforms: readonly string[],
  keyOf: (item: T) => string,
): Seen<T>[] {
  const seen = new Map<string, Seen<T>>();
  lists.forEach((list, i) => {
    for (const item of list) {
      const known = seen.get(keyOf(item)) ?? { found: [], platforms: [] };
      seen.set(keyOf(item), known);
      known.found.push(item);
      known.platforms.push(platforms[i]!);
    }
  });
  return [...seen.values()];
}

function byId(a: { id: PackageId; version: string }, b: { id: PackageId; version: string }): number {
  if (a.id !== b.id) return a.id < b.id ? -1 : 1;
  return a.version < b.version ? -1 : 1;
}
