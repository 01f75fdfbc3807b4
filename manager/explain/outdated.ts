import { type PackageId, packageId, type ResolveOptions, resolve, type Solution } from '#resolver';
import { compareVersions, type LockEntry } from '#schemas';
import type { Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import { requireLock } from '../resolve/lock-file.js';
import { heldReasons } from './held-reasons.js';
import { lockedAs } from './locked-as.js';
import { type UnresolvableContext, unresolvable } from './unresolvable.js';
import { withResolution } from './with-resolution.js';

/** One locked extension that is not the newest there is. */
export interface Outdated {
  readonly kind: string;
  readonly name: string;
  readonly current: string;
  /** What a change of the lock alone would give: `prov dep update`. */
  readonly upgradable: string;
  /** What other ranges in the workspace would give. */
  readonly resolvable: string;
  readonly latest: string;
  readonly direct: boolean;
  /** Why `upgradable` is not `latest`; empty when it is. */
  readonly reasons: readonly string[];
}

export interface OutdatedRequest {
  readonly workspace: Workspace;
  /** Only these: NAME or KIND/NAME. Default: everything. */
  readonly names?: readonly string[] | undefined;
}

/**
 * The locked extensions for which there is a newer version, and how far each can go. Proofs behind the
 * reasons are checked. Writes nothing.
 * @throws MANAGER_LOCK_MISSING, MANAGER_UPDATE_UNKNOWN, MANAGER_UNRESOLVABLE when the requirements cannot be met any more.
 */
export async function outdated(
  { workspace, names = [] }: OutdatedRequest,
  context: ManagerContext,
): Promise<readonly Outdated[]> {
  const lock = await requireLock(workspace.lockFile);
  const wanted = names.length === 0 ? lock.extensions : names.flatMap((name) => lockedAs(lock, name));
  return withResolution({ workspace }, context, async (options, registries) => {
    const upgraded = await solved(options, { workspace, names: registries.names });
    const widened = await resolve(withAnyRange(options));
    const free = widened.ok ? widened.solution : upgraded;
    const rows: Outdated[] = [];
    for (const entry of lock.extensions.filter((each) => wanted.includes(each))) {
      if (!('repository' in entry.source)) continue;
      const id = packageId(entry.source.registry, entry.source.repository);
      const row = rowOf(entry, { id, upgraded, free });
      if (compareVersions(row.latest, row.current) > 0) rows.push(row);
    }
    return rows;
  });
}

async function solved(
  options: ResolveOptions,
  telling: Pick<UnresolvableContext, 'workspace' | 'names'>,
): Promise<Solution> {
  const result = await resolve(options);
  if (!result.ok) throw await unresolvable(result.failure, { options, ...telling });
  return result.solution;
}

/** The same requirements with every range that a person wrote taken away. */
function withAnyRange(options: ResolveOptions): ResolveOptions {
  return { ...options, requirements: options.requirements.map((each) => ({ ...each, range: '*' })) };
}

function rowOf(
  entry: LockEntry,
  { id, upgraded, free }: { readonly id: PackageId; readonly upgraded: Solution; readonly free: Solution },
): Outdated {
  const versionIn = ({ packages }: Solution) => packages.find((each) => each.id === id)?.version;
  const held = upgraded.heldBack.find((each) => each.id === id);
  const upgradable = versionIn(upgraded) ?? entry.version;
  return {
    kind: entry.kind,
    name: entry.name,
    current: entry.version,
    upgradable,
    resolvable: versionIn(free) ?? upgradable,
    latest: held?.newest ?? upgradable,
    direct: entry.requiredBy.some((by) => by.startsWith('(')),
    reasons: heldReasons(held),
  };
}
