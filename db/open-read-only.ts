import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ProvError } from '#base';
import { type Connection, openConnection } from './connection.js';
import { errorOf, failureOf } from './errors.js';
import type { ReadOnlyDatabase } from './types.js';

/**
 * Opens a database for reading only, safe beside the process that writes it: it can neither write nor
 * checkpoint, and sees each committed state as a whole.
 * @throws BASE_FILE_MISSING, DB_OPEN_FAILED
 */
export async function openReadOnly(
  file: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<ReadOnlyDatabase> {
  options.signal?.throwIfAborted();
  const path = resolve(file);
  if (!existsSync(path)) throw new ProvError('BASE_FILE_MISSING', { path });
  let connection: Connection | undefined;
  try {
    connection = await openConnection(path, { readOnly: true });
    connection.get('PRAGMA user_version');
    connection.run('PRAGMA mmap_size = 0');
  } catch (error) {
    connection?.close();
    throw openError(path, error);
  }
  const reading = connection;
  let open = true;
  const guard = <T>(action: () => T): T => {
    if (!open) throw new ProvError('DB_CLOSED', { path });
    try {
      return action();
    } catch (error) {
      throw errorOf(failureOf(error, path));
    }
  };
  return {
    path,
    get: (sql, params) => guard(() => reading.get(sql, params)),
    all: (sql, params) => guard(() => reading.all(sql, params)),
    close() {
      if (open) reading.close();
      open = false;
    },
  };
}

export function openError(path: string, error: unknown): ProvError {
  if (error instanceof ProvError && error.code !== 'DB_STATEMENT_FAILED' && error.code !== 'DB_WRITE_FAILED')
    return error;
  const reason = error instanceof ProvError ? String(error.details['reason']) : (error as Error).message;
  return new ProvError('DB_OPEN_FAILED', { path, reason }, { cause: error });
}
