import {
  contentKey,
  explanationOf,
  type PackageId,
  packageId,
  preferredVersions,
  type Requirement,
  type ResolveOptions,
  resolve,
  type Solution,
  type SolvedPackage,
  splitPackageId,
} from '#resolver';
import type { Lock } from '#schemas';
import { selectIntent } from '../explain/intent.js';
import { lockedAs } from '../explain/locked-as.js';
import { solve, type Telling } from './solve-workspace.js';

export interface UpdateSolutionRequest extends Omit<Telling, 'intent'> {
  /** What the workspace asks for, keeping `lock`. */
  readonly options: ResolveOptions;
  readonly lock: Lock;
  /** NAME, KIND/NAME or NAMESPACE/NAME of what is to move. */
  readonly move: readonly string[];
  /** Exactly this version, of the only name. */
  readonly to?: string | undefined;
}

export interface UpdateSolution {
  readonly solution: Solution;
  /** Name → why it moved although nobody asked for it. */
  readonly reasons: ReadonlyMap<string, string>;
}

const ASKED = 'command line';

/**
 * Moves the named packages as far as the requirements allow, and nothing else unless there is no solution in
 * which it stays: each other package that moves was tried at its locked version first.
 * @throws MANAGER_UPDATE_UNKNOWN, MANAGER_UNRESOLVABLE
 */
export async function updateSolution(request: UpdateSolutionRequest): Promise<UpdateSolution> {
  const { options, lock, move, to } = request;
  const asked = new Set(move.flatMap((name) => idsOf(lock, name)));
  const pins = new Map<PackageId, string>();
  if (to === undefined) {
    const newest = await solve(withoutPreferences(options), request);
    for (const { id, version } of newest.packages) if (asked.has(id)) pins.set(id, version);
  } else {
    for (const id of asked) pins.set(id, to);
  }
  const preferred = preferredVersions(lock, asked);
  const attempt = (extra: ReadonlyMap<PackageId, string>): ResolveOptions => ({
    ...options,
    preferred,
    requirements: [...options.requirements, ...[...extra].map(pin)],
  });
  const [only] = asked;
  const intent = to === undefined || only === undefined ? undefined : selectIntent(only, to, { lock });
  let solution = await solve(attempt(pins), { ...request, intent });
  const reasons = new Map<string, string>();
  const settled = new Set<PackageId>();
  for (;;) {
    const moved = solution.packages.find(({ id, version }) => {
      const was = preferred.get(id);
      return was !== undefined && was !== version && !settled.has(id);
    });
    if (moved === undefined) break;
    settled.add(moved.id);
    const tried = new Map(pins).set(moved.id, preferred.get(moved.id)!);
    const kept = await resolve(attempt(tried));
    if (kept.ok) {
      pins.set(moved.id, preferred.get(moved.id)!);
      solution = kept.solution;
    } else {
      reasons.set(moved.name, explanationOf(kept.failure).lines.join(' '));
    }
  }
  return { solution: asRequired(solution, options.requirements), reasons };
}

function idsOf(lock: Lock, name: string): PackageId[] {
  return lockedAs(lock, name).flatMap(({ source, alias }): PackageId[] =>
    'repository' in source ? [packageId(source.registry, source.repository, alias)] : [],
  );
}

function pin([id, version]: readonly [PackageId, string]): Requirement {
  const { registry, repository, alias } = splitPackageId(id);
  const named = { registry, repository, ...(alias !== undefined && { alias }) };
  return { ...named, range: version, origin: { file: ASKED, layer: ASKED }, final: true };
}

function withoutPreferences(options: ResolveOptions): ResolveOptions {
  const { preferred: _, ...rest } = options;
  return rest;
}

/**
 * The part of a solution that the workspace requires: what was only pinned to try something is not required by
 * anybody, and nothing may stay for its sake. What is left is a solution as it is.
 */
function asRequired(solution: Solution, requirements: readonly Requirement[]): Solution {
  const direct = new Set(
    requirements.map(({ registry, repository, alias }) => packageId(registry, repository, alias)),
  );
  const byKey = new Map(solution.packages.map((each) => [contentKey(each), each]));
  const open = solution.packages.filter(({ id }) => direct.has(id));
  const kept = new Set<SolvedPackage>();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (kept.has(next)) continue;
    kept.add(next);
    for (const edge of next.dependencies) {
      const target = byKey.get(contentKey(edge));
      if (target !== undefined) open.push(target);
    }
  }
  const packages = solution.packages.filter((each) => kept.has(each));
  const served = new Set(packages.flatMap(({ dependencies }) => dependencies.map((edge) => edge.capability)));
  const [ids, names] = [new Set(packages.map(({ id }) => id)), new Set(packages.map(calledLocally))];
  return {
    ...solution,
    packages: packages.map((each) => ({
      ...each,
      direct: direct.has(each.id),
      requiredBy: each.requiredBy.filter((by) => (by.startsWith('(') ? by !== `(${ASKED})` : names.has(by))),
    })),
    capabilities: Object.fromEntries(
      Object.entries(solution.capabilities).filter(([capability]) => served.has(capability)),
    ),
    heldBack: solution.heldBack.filter(({ id }) => ids.has(id)),
  };
}

function calledLocally({ alias, name }: SolvedPackage): string {
  return alias ?? name;
}
