import { execFile } from 'node:child_process';
import { isAbsolute, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment, LIMITS, ProvError } from '#base';
import { type PlanChange, planDiff } from '#resolver';
import { type Lock, parseLock } from '#schemas';
import type { Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import { readLock, requireLock } from '../resolve/lock-file.js';

export interface DiffLocksRequest {
  readonly workspace: Workspace;
  /** A lock file, or what git knows (`HEAD`, `main`, `v1.2.0`). Default `HEAD`. */
  readonly from?: string | undefined;
  /** Default: the lock as it is on disk. */
  readonly to?: string | undefined;
}

/** What changes from one lock to another. @throws MANAGER_LOCK_MISSING, SCHEMAS_LOCK_INVALID */
export async function diffLocks(
  { workspace, from = 'HEAD', to }: DiffLocksRequest,
  context: ManagerContext,
): Promise<readonly PlanChange[]> {
  const before = await lockAt(from, workspace, context);
  const after =
    to === undefined ? await requireLock(workspace.lockFile) : await lockAt(to, workspace, context);
  return planDiff(before, after);
}

async function lockAt(text: string, workspace: Workspace, context: ManagerContext): Promise<Lock> {
  const path = isAbsolute(text) ? text : resolve(context.cwd, text);
  const file = await readLock(path).catch((error: unknown) => {
    if (error instanceof ProvError && error.code === 'BASE_FILE_UNREADABLE') return undefined;
    throw error;
  });
  return file ?? fromGit(text, workspace, context);
}

async function fromGit(ref: string, { root, lockFile }: Workspace, context: ManagerContext): Promise<Lock> {
  // What starts with a dash would be an option of git.
  if (ref.startsWith('-') || /\s/.test(ref)) throw new ProvError('MANAGER_LOCK_MISSING', { path: ref });
  const { env, signal } = context;
  const at = `${ref}:./${relative(root, lockFile)}`;
  try {
    const { stdout } = await promisify(execFile)('git', ['show', at], {
      cwd: root,
      env: childEnvironment(env),
      maxBuffer: LIMITS.textFileBytes,
      ...(signal && { signal }),
    });
    return parseLock(stdout, at);
  } catch (error) {
    if (error instanceof ProvError) throw error;
    if (signal?.aborted) throw signal.reason;
    const reason = String((error as { stderr?: unknown }).stderr ?? (error as Error).message)
      .trim()
      .split('\n')
      .at(-1);
    const hint = `git says "${reason}". Give a lock file, or a commit, branch or tag of git that holds one.`;
    throw new ProvError('MANAGER_LOCK_MISSING', { path: at, hint }, { cause: error });
  }
}
