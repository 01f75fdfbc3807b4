import { open, readFile } from 'node:fs/promises';
import { assertWithin, LIMITS, ProvError, writeFileAtomic } from '#base';
import { formatLock, type Lock, parseLock } from '#schemas';

/** The lock at `path`, or undefined when there is none. @throws SCHEMAS_LOCK_INVALID, BASE_LIMIT_EXCEEDED */
export async function readLock(path: string): Promise<Lock | undefined> {
  const text = await readLockText(path);
  return text === undefined ? undefined : parseLock(text, path);
}

/**
 * The text of a lock, or undefined when there is none; never more than the limit, whatever the file is.
 * @throws BASE_LIMIT_EXCEEDED, BASE_FILE_UNREADABLE
 */
export async function readLockText(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      assertWithin(size, LIMITS.textFileBytes, path);
      const stream = file.createReadStream({ end: LIMITS.textFileBytes, autoClose: false });
      const text = Buffer.concat(await stream.toArray());
      assertWithin(text.byteLength, LIMITS.textFileBytes, path);
      return text.toString('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof ProvError) throw error;
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
