import { isDeepStrictEqual } from 'node:util';
import { ProvError, writeFileAtomic } from '#base';
import { entryKey, type LockConflict, mergeLocks } from '#resolver';
import { formatLock, type Lock, parseLock } from '#schemas';
import type { Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import { readLockText } from '../resolve/lock-file.js';
import { fitPlace, lockDifferences, lockInputs } from '../resolve/lock-fit.js';
import { resolveWorkspace } from '../resolve/resolve-workspace.js';
import { splitConflicts } from './conflict-markers.js';

/** Three files as git hands them to a merge driver. */
export interface MergeFiles {
  /** Empty or absent when there is no common ancestor. */
  readonly base: string;
  readonly ours: string;
  readonly theirs: string;
}

export interface MergeLockRequest {
  readonly workspace: Workspace;
  /** Without files, the workspace's own lock with git's conflict markers. */
  readonly files?: MergeFiles | undefined;
  /** Default: the file of our side, or the lock with the markers. */
  readonly output?: string | undefined;
  readonly allowLocal?: boolean | undefined;
}

export interface MergeLockResult {
  readonly output: string;
  /** False when there was nothing to merge. */
  readonly merged: boolean;
  /** What both sides had changed. */
  readonly conflicts: readonly LockConflict[];
  /** Whether it took resolving again: for conflicts, and whenever the merge is not what one side had solved. */
  readonly resolved: boolean;
  readonly extensions: number;
}

/**
 * Merges two versions of a lock. Where the merge is what one side had solved, and still fits the workspace, it is
 * taken; else it is resolved again, with everything kept that can be: additions of two sides may conflict, or
 * provide the same thing twice, and only their manifests say so. Nothing is written unless it is right.
 * @throws MANAGER_LOCK_MERGE_FAILED, SCHEMAS_LOCK_INVALID
 */
export async function mergeLock(
  request: MergeLockRequest,
  context: ManagerContext,
): Promise<MergeLockResult> {
  const { workspace, files } = request;
  const output = request.output ?? files?.ours ?? workspace.lockFile;
  const sides = files === undefined ? await markedSides(workspace.lockFile) : await fileSides(files);
  if (sides === undefined) return { output, merged: false, conflicts: [], resolved: false, extensions: 0 };
  const { lock, conflicts } = mergeLocks(sides.base, sides.ours, sides.theirs);
  const current = { ...lock, inputs: lockInputs(workspace) };
  const whole = [sides.ours, sides.theirs].some((side) => choosesAlike(lock, side));
  const fits = whole && lockDifferences(current, await fitPlace(workspace, current, context)).length === 0;
  const result = fits ? current : await resolveAgain(lock, conflicts, request, context);
  writeFileAtomic(output, formatLock(result));
  return { output, merged: true, conflicts, resolved: !fits, extensions: result.extensions.length };
}

interface LockSides {
  readonly base: Lock | undefined;
  readonly ours: Lock;
  readonly theirs: Lock;
}

async function markedSides(path: string): Promise<LockSides | undefined> {
  const split = splitConflicts(await requireText(path), path);
  if (split === undefined) return undefined;
  return {
    base: split.base === undefined ? undefined : parseLock(split.base, `${path} (base)`),
    ours: parseLock(split.ours, `${path} (ours)`),
    theirs: parseLock(split.theirs, `${path} (theirs)`),
  };
}

async function fileSides({ base, ours, theirs }: MergeFiles): Promise<LockSides> {
  const baseText = await requireText(base);
  return {
    base: baseText.trim() === '' ? undefined : parseLock(baseText, base),
    ours: parseLock(await requireText(ours), ours),
    theirs: parseLock(await requireText(theirs), theirs),
  };
}

async function requireText(path: string): Promise<string> {
  const text = await readLockText(path);
  if (text === undefined) throw new ProvError('MANAGER_LOCK_MISSING', { path });
  return text;
}

/** Whether a merge chooses, under the same policy, what one side chose. Who requires what may differ. */
function choosesAlike(merged: Lock, side: Lock): boolean {
  const choices = ({ policy, capabilities = {}, extensions }: Lock) => ({
    policy,
    capabilities,
    extensions: new Map(extensions.map((entry) => [entryKey(entry), { ...entry, requiredBy: [] }])),
  });
  return isDeepStrictEqual(choices(merged), choices(side));
}

async function resolveAgain(
  lock: Lock,
  conflicts: readonly LockConflict[],
  { workspace, allowLocal }: MergeLockRequest,
  context: ManagerContext,
): Promise<Lock> {
  try {
    const options = { workspace, allowLocal, install: false, dryRun: true, prefer: lock };
    return (await resolveWorkspace(options, context)).lock;
  } catch (error) {
    if (context.signal?.aborted || !(error instanceof ProvError)) throw error;
    const list = conflicts.map(({ what, ours, theirs }) => `  ${what}: ${ours ?? '-'} | ${theirs ?? '-'}`);
    throw new ProvError(
      'MANAGER_LOCK_MERGE_FAILED',
      { count: conflicts.length, list: list.join('\n'), reason: error.message, conflicts },
      { cause: error },
    );
  }
}
