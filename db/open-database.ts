import { dirname, resolve } from 'node:path';
import { makeDirectories, ProvError } from '#base';
import { openError, openReadOnly } from './open-read-only.js';
import type { Database } from './types.js';
import { startWriteThread } from './write-thread.js';

export interface OpenDatabaseOptions {
  /**
   * SQL scripts, oldest first; the database remembers how many it has had and runs the rest, each in
   * its own transaction. Append only.
   */
  readonly migrations: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens (or creates) the database at `file` as its one writer: what `write` acknowledged is there after
 * any crash. Writes go through one connection in one thread with group commit (WAL, synchronous=FULL,
 * no mmap); reads use a read-only connection and never wait for a writer.
 * @throws DB_LOCKED when another process (or this one) has it open; DB_SCHEMA_NEWER, DB_OPEN_FAILED
 * @see docs/adr on the embedded database
 */
export async function openDatabase(file: string, options: OpenDatabaseOptions): Promise<Database> {
  options.signal?.throwIfAborted();
  const path = resolve(file);
  makeDirectories(dirname(path), { durable: true });
  const thread = await startWriteThread({ path, migrations: options.migrations }).catch((error: unknown) => {
    throw openError(path, error);
  });
  const reader = await openReadOnly(path).catch(async (error: unknown) => {
    await thread.request({ type: 'close' });
    throw error;
  });
  let closing: Promise<void> | undefined;
  const assertOpen = () => {
    if (closing) throw new ProvError('DB_CLOSED', { path });
  };
  return {
    path,
    get: reader.get,
    all: reader.all,
    async write(statements, { signal } = {}) {
      signal?.throwIfAborted();
      assertOpen();
      return thread.request({ type: 'write', statements });
    },
    async snapshot(target, { signal } = {}) {
      signal?.throwIfAborted();
      assertOpen();
      await thread.request({ type: 'snapshot', path: resolve(target) });
    },
    close() {
      closing ??= (async () => {
        reader.close();
        await thread.request({ type: 'close' });
      })();
      return closing;
    },
  };
}
