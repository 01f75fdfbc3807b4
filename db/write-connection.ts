import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fsyncDirectory, ProvError } from '#base';
import { type Connection, openConnection } from './connection.js';
import { type Failure, failureOf, isDiskError, isFatal } from './errors.js';
import type { Outcome, WorkerStart, WriteRequest } from './protocol.js';
import type { Statement, StatementResult } from './types.js';
import { acquireWriteLock } from './write-lock.js';

/** The WAL file is cut back to this size after a checkpoint. */
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;

/** The one connection that writes a database, with its lock. */
export interface WriteConnection {
  /** Commits all requests with one fsync; each fails or succeeds on its own. */
  commit(requests: readonly WriteRequest[]): Outcome[];
  snapshot(path: string): void;
  close(): void;
}

/** @throws DB_LOCKED, DB_SCHEMA_NEWER and the driver's errors */
export async function openWriteConnection({ path, migrations }: WorkerStart): Promise<WriteConnection> {
  const lock = await acquireWriteLock(path);
  let connection: Connection | undefined;
  try {
    connection = await openConnection(path, { readOnly: false });
    for (const pragma of [
      'journal_mode = WAL',
      'synchronous = FULL',
      'mmap_size = 0',
      'foreign_keys = ON',
      `journal_size_limit = ${WAL_LIMIT_BYTES}`,
    ]) {
      connection.run(`PRAGMA ${pragma}`);
    }
    migrate(connection, path, migrations);
  } catch (error) {
    connection?.close();
    lock.release();
    throw error;
  }
  return wrap(connection, path, () => lock.release());
}

function wrap(connection: Connection, path: string, release: () => void): WriteConnection {
  let broken: Failure | undefined;
  return {
    commit(requests) {
      if (broken !== undefined) return requests.map(({ id }) => ({ id, ok: false, failure: broken! }));
      try {
        return commitBatch(connection, requests, path);
      } catch (error) {
        if (connection.inTransaction) connection.exec('ROLLBACK');
        const failure = failureOf(error, path);
        if (isFatal(error))
          broken = { code: 'DB_BROKEN', details: { path, reason: String(failure.details['reason']) } };
        return requests.map(({ id }) => ({ id, ok: false, failure }));
      }
    },
    snapshot: (target) => snapshot(connection, target),
    close() {
      if (broken === undefined) connection.run('PRAGMA wal_checkpoint(TRUNCATE)');
      connection.close();
      release();
    },
  };
}

/** Anything thrown here means that no request of the batch was kept. */
function commitBatch(connection: Connection, requests: readonly WriteRequest[], path: string): Outcome[] {
  connection.exec('BEGIN IMMEDIATE');
  const outcomes: Outcome[] = [];
  for (const { id, statements } of requests) {
    connection.exec('SAVEPOINT request');
    try {
      outcomes.push({ id, ok: true, results: statements.map((each) => runStatement(connection, each)) });
    } catch (error) {
      if (isDiskError(error) || !connection.inTransaction) throw error;
      connection.exec('ROLLBACK TO request');
      outcomes.push({ id, ok: false, failure: failureOf(error, path) });
    }
    connection.exec('RELEASE request');
  }
  connection.exec('COMMIT');
  return outcomes;
}

function runStatement(connection: Connection, { sql, params, expect, label }: Statement): StatementResult {
  const result = connection.run(sql, params);
  if (expect !== undefined && (expect === 'some') !== result.changes > 0) {
    throw new ProvError('DB_EXPECTATION_FAILED', { label: label ?? sql });
  }
  return result;
}

function migrate(connection: Connection, path: string, migrations: readonly string[]): void {
  const found = Number(connection.get('PRAGMA user_version')?.['user_version'] ?? 0);
  if (found > migrations.length) {
    throw new ProvError('DB_SCHEMA_NEWER', { path, found, known: migrations.length });
  }
  for (let version = found; version < migrations.length; version += 1) {
    connection.exec('BEGIN IMMEDIATE');
    try {
      connection.exec(migrations[version]!);
      connection.exec(`PRAGMA user_version = ${version + 1}`);
      connection.exec('COMMIT');
    } catch (error) {
      if (connection.inTransaction) connection.exec('ROLLBACK');
      throw error;
    }
  }
}

function snapshot(connection: Connection, target: string): void {
  const temporary = `${target}.tmp`;
  rmSync(temporary, { force: true });
  try {
    connection.run('VACUUM INTO ?', [temporary]);
    const fd = openSync(temporary, 'r+');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, target);
    fsyncDirectory(dirname(target));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
