import { readFile } from 'node:fs/promises';
import { isProvError, ProvError, writeFileAtomic } from '#base';
import { formatLock, type Lock, parseLock } from '#schemas';

/** The lock at `path`, or undefined when there is none. @throws SCHEMAS_LOCK_INVALID */
export async function readLock(path: string): Promise<Lock | undefined> {
  try {
    return parseLock(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (isProvError(error)) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new ProvError('BASE_FILE_UNREADABLE', { path, reason: code ?? message }, { cause: error });
  }
}

/** @throws MANAGER_LOCK_MISSING */
export async function requireLock(path: string): Promise<Lock> {
  const lock = await readLock(path);
  if (lock === undefined) throw new ProvError('MANAGER_LOCK_MISSING', { path });
  return lock;
}

/** Writes a lock unless the file holds these bytes already; says whether it wrote. */
export async function writeLock(path: string, lock: Lock): Promise<boolean> {
  const text = formatLock(lock);
  const current = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (current === text) return false;
  writeFileAtomic(path, text);
  return true;
}
