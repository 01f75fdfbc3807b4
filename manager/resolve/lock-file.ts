import { open, readFile } from 'node:fs/promises';
import { assertWithin, LIMITS, ProvError, writeFileAtomic } from '#base';
import { formatLock, type Lock, parseLock } from '#schemas';

/** Bytes that are asked for at once when a file has more than its size said, as those of devices do. */
const MIN_READ = 64 * 1024;

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
      const parts: Buffer[] = [];
      let total = 0;
      for (;;) {
        const { buffer, bytesRead } = await file.read(
          Buffer.allocUnsafe(Math.max(size - total, MIN_READ) + 1),
        );
        if (bytesRead === 0) return Buffer.concat(parts).toString('utf8');
        total += bytesRead;
        assertWithin(total, LIMITS.textFileBytes, path);
        parts.push(buffer.subarray(0, bytesRead));
      }
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
  return writeLockText(path, formatLock(lock));
}

/** The same, of a lock that was formatted already. */
export async function writeLockText(path: string, text: string): Promise<boolean> {
  const current = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (current === text) return false;
  writeFileAtomic(path, text);
  return true;
}
