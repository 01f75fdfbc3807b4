import { dirname, join } from 'node:path';
import { isProvError, makeDirectories, withFileLock } from '#base';

/** Longest wait for others. A resolution that downloads much takes minutes. */
const TIMEOUT_MS = 600_000;

export interface ChangeOptions {
  /** Called once when somebody else changes the workspace and has to be waited for. */
  readonly onWait?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs what reads, and then changes, the requirements or the lock of a workspace, while no other prov does. Where
 * nothing can be written it runs all the same: nobody changes anything there.
 * @throws BASE_LOCK_HELD after ten minutes; what `action` throws
 */
export async function changeWorkspace<T>(
  root: string,
  action: () => Promise<T>,
  options: ChangeOptions = {},
): Promise<T> {
  const path = join(root, '.cache', 'change');
  let entered = false;
  const enter = () => {
    entered = true;
    return action();
  };
  try {
    makeDirectories(dirname(path));
    return await withFileLock(path, enter, { timeoutMs: TIMEOUT_MS, ...options });
  } catch (error) {
    if (entered || !isProvError(error, 'BASE_FILE_UNWRITABLE')) throw error;
    return action();
  }
}
