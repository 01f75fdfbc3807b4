import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { ProvError } from '#base';
import { type Connection, openConnection } from './connection.js';
import { isBusy } from './errors.js';

export interface WriteLock {
  release(): void;
}

/**
 * Holds the right to write `path` until released or until this process ends in whatever way: an
 * exclusive SQLite lock on the empty database `path.lock`, which the kernel gives up with the process.
 * `path.owner` only names the holder for messages. (No code may open and close `path.lock` in the
 * holding process: POSIX drops a process's locks on a file when any of its descriptors is closed.)
 * @throws DB_LOCKED
 */
export async function acquireWriteLock(path: string): Promise<WriteLock> {
  const owner = `${path}.owner`;
  const connection = await openConnection(`${path}.lock`, { readOnly: false });
  try {
    connection.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    connection.close();
    if (!isBusy(error)) throw error;
    throw new ProvError('DB_LOCKED', { path, owner: describeOwner(owner) }, { cause: error });
  }
  writeFileSync(owner, `${process.pid}\n`);
  return { release: () => release(connection, owner) };
}

function release(connection: Connection, owner: string): void {
  rmSync(owner, { force: true });
  connection.exec('ROLLBACK');
  connection.close();
}

function describeOwner(owner: string): string {
  try {
    return ` (process ${readFileSync(owner, 'utf8').trim()})`;
  } catch {
    return '';
  }
}
