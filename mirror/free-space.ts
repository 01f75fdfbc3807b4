import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ProvError } from '#base';

/** A tar's block: each file has one header block and is filled up to whole blocks. */
const BLOCK_BYTES = 512;
/** Left for the index, the end of the archive and what else is written meanwhile. */
const RESERVE_BYTES = 1024 * 1024;

/** Bytes that a tar with files of these sizes needs, the reserve included. */
export function tarBytes(sizes: Iterable<number>): number {
  let total = RESERVE_BYTES;
  for (const size of sizes) total += BLOCK_BYTES + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  return total;
}

/** Free bytes where `path` is to be written. @throws BASE_FILE_UNWRITABLE when its directory is not there. */
export async function freeBytes(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(dirname(resolve(path)));
    return bavail * bsize;
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    throw new ProvError('BASE_FILE_UNWRITABLE', { path, reason }, { cause: error });
  }
}

/** @throws BASE_DISK_FULL before anything is written. */
export function assertFree(path: string, needed: number, free: number): void {
  if (needed <= free) return;
  throw new ProvError('BASE_DISK_FULL', { path, reason: `${needed} bytes are needed, ${free} are free` });
}
