import { pathToFileURL } from 'node:url';
import type { Row, SqlParameter, SqlValue, StatementResult } from './types.js';

/** Prepared statements kept per connection; the rooms use some dozens. */
const MAX_PREPARED = 256;

/** One SQLite connection. The only place that knows which package provides it. */
export interface Connection {
  readonly inTransaction: boolean;
  /** Runs a script of statements without parameters. */
  exec(sql: string): void;
  run(sql: string, params?: readonly SqlParameter[]): StatementResult;
  get(sql: string, params?: readonly SqlParameter[]): Row | undefined;
  all(sql: string, params?: readonly SqlParameter[]): Row[];
  close(): void;
}

interface Prepared {
  readonly reader: boolean;
  run(params: readonly SqlValue[]): { changes: number };
  get(params: readonly SqlValue[]): Record<string, unknown> | undefined;
  all(params: readonly SqlValue[]): Record<string, unknown>[];
}

interface Driver {
  readonly inTransaction: boolean;
  prepare(sql: string): Prepared;
  exec(sql: string): void;
  close(): void;
}

/**
 * Opens `path` (absolute). A read-only connection can neither write nor checkpoint, so that it is safe
 * beside a writer in another process.
 */
export async function openConnection(path: string, options: { readOnly: boolean }): Promise<Connection> {
  const { default: Libsql } = await import('libsql');
  const name = options.readOnly ? `${pathToFileURL(path).href}?mode=ro` : path;
  const driver = new Libsql(name) as unknown as Driver;
  const prepared = new Map<string, Prepared>();
  const prepare = (sql: string): Prepared => {
    const known = prepared.get(sql);
    if (known) return known;
    const made = driver.prepare(sql);
    if (prepared.size >= MAX_PREPARED) prepared.delete(prepared.keys().next().value!);
    prepared.set(sql, made);
    return made;
  };
  return {
    get inTransaction() {
      return driver.inTransaction;
    },
    exec: (sql) => driver.exec(sql),
    run(sql, params = []) {
      const statement = prepare(sql);
      if (!statement.reader) return { rows: [], changes: statement.run(params.map(bindable)).changes };
      const rows = statement.all(params.map(bindable)).map(rowOf);
      return { rows, changes: rows.length };
    },
    get(sql, params = []) {
      const row = prepare(sql).get(params.map(bindable));
      return row === undefined ? undefined : rowOf(row);
    },
    all: (sql, params = []) => prepare(sql).all(params.map(bindable)).map(rowOf),
    close() {
      prepared.clear();
      driver.close();
    },
  };
}

/** The driver aborts the whole process on a boolean and guesses on others: only the five types pass. */
function bindable(value: SqlParameter): SqlValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new TypeError('a number to store is not finite');
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string') return value;
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`cannot store a ${typeof value}`);
}

/** The driver adds `_metadata` to single rows, and gives blobs as `ArrayBuffer` in lists. */
function rowOf(row: Record<string, unknown>): Row {
  const out: Record<string, SqlValue> = {};
  for (const [name, value] of Object.entries(row)) {
    if (name === '_metadata') continue;
    out[name] = value instanceof ArrayBuffer ? new Uint8Array(value) : (value as SqlValue);
  }
  return out;
}
