import {
  explanationOf,
  type PackageId,
  packageId,
  preferredVersions,
  type Requirement,
  type ResolveOptions,
  resolve,
  type Solution,
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
  return { solution: asRequired(solution), reasons };
}

function idsOf(lock: Lock, name: string): PackageId[] {
  return lockedAs(lock, name).flatMap(({ source }): PackageId[] =>
    'repository' in source ? [packageId(source.registry, source.repository)] : [],
  );
}

function pin([id, version]: readonly [PackageId, string]): Requirement {
  const { registry, repository } = splitPackageId(id);
  return { registry, repository, range: version, origin: { file: ASKED, layer: ASKED }, final: true };
}

function withoutPreferences(options: ResolveOptions): ResolveOptions {
  const { preferred: _, ...rest } = options;
  return rest;
}

/** What was only pinned to try something is not required by anybody. */
function asRequired(solution: Solution): Solution {
  return {
    ...solution,
    packages: solution.packages.map((each) => ({
      ...each,
      requiredBy: each.requiredBy.filter((by) => by !== `(${ASKED})`),
    })),
  };
}
