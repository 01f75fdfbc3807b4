import {
  checkProof,
  type PackageId,
  packageId,
  type ResolveOptions,
  resolve,
  type Solution,
} from '#resolver';
import { compareVersions, type LockEntry } from '#schemas';
import type { Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import { requireLock } from '../resolve/lock-file.js';
import { unresolvable } from './unresolvable.js';
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
 * @throws MANAGER_LOCK_MISSING, MANAGER_UNRESOLVABLE when the requirements cannot be met any more.
 */
export async function outdated(
  { workspace, names = [] }: OutdatedRequest,
  context: ManagerContext,
): Promise<readonly Outdated[]> {
  const lock = await requireLock(workspace.lockFile);
  const wanted = (entry: LockEntry): boolean =>
    names.length === 0 || names.some((name) => name === entry.name || name === `${entry.kind}/${entry.name}`);
  return withResolution({ workspace }, context, async (options) => {
    const upgraded = await solved(options, workspace);
    const widened = await resolve(withAnyRange(options));
    const free = widened.ok ? widened.solution : upgraded;
    const rows: Outdated[] = [];
    for (const entry of lock.extensions.filter(wanted)) {
      if (!('repository' in entry.source)) continue;
      const id = packageId(entry.source.registry, entry.source.repository);
      const row = rowOf(entry, { id, upgraded, free });
      if (compareVersions(row.latest, row.current) > 0) rows.push(row);
    }
    return rows;
  });
}

async function solved(options: ResolveOptions, workspace: Workspace): Promise<Solution> {
  const result = await resolve(options);
  if (!result.ok) throw await unresolvable(result.failure, { options, workspace });
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
  const sound = held?.proof === undefined || checkProof(held.proof) === undefined;
  return {
    kind: entry.kind,
    name: entry.name,
    current: entry.version,
    upgradable,
    resolvable: versionIn(free) ?? upgradable,
    latest: held?.newest ?? upgradable,
    direct: entry.requiredBy.some((by) => by.startsWith('(')),
    reasons: sound ? (held?.reasons.map(({ text }) => text) ?? []) : [],
  };
}
