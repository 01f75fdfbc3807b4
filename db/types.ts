/** What a column holds. */
export type SqlValue = null | number | bigint | string | Uint8Array;

/** What may be bound to a `?`: booleans become 1 and 0, `undefined` becomes NULL. */
export type SqlParameter = SqlValue | boolean | undefined;

/** One row by column name; blobs are `Uint8Array`. */
export type Row = Readonly<Record<string, SqlValue>>;

/** One statement of a write. */
export interface Statement {
  readonly sql: string;
  readonly params?: readonly SqlParameter[] | undefined;
  /**
   * Makes the whole write conditional: `some` demands at least one row (returned, or changed when the
   * statement returns none), `none` demands zero.
   */
  readonly expect?: 'some' | 'none' | undefined;
  /** Name of the condition in `DB_EXPECTATION_FAILED`. */
  readonly label?: string | undefined;
}

export interface StatementResult {
  /** Rows of a SELECT or a RETURNING clause. */
  readonly rows: readonly Row[];
  readonly changes: number;
}

/** Reads of committed data. Synchronous: a read is some ten microseconds, and never waits for a writer. */
export interface Reader {
  readonly path: string;
  /** The first row, or undefined. @throws DB_STATEMENT_FAILED, DB_CLOSED */
  get(sql: string, params?: readonly SqlParameter[]): Row | undefined;
  /** Every row. @throws DB_STATEMENT_FAILED, DB_CLOSED */
  all(sql: string, params?: readonly SqlParameter[]): Row[];
}

export interface ReadOnlyDatabase extends Reader {
  close(): void;
}

export interface WriteOptions {
  /** Stops a write that was not handed over yet; one that was is made and acknowledged. */
  readonly signal?: AbortSignal | undefined;
}

export interface Database extends Reader {
  /**
   * Makes all statements as one atomic step and resolves after it is on disk (fsync). Writes that arrive
   * while another is being synced share the next sync. A later `get` or `all` sees it.
   * @throws DB_EXPECTATION_FAILED, DB_CONSTRAINT_VIOLATED, DB_STATEMENT_FAILED: nothing of this write was kept.
   * @throws BASE_DISK_FULL, DB_WRITE_FAILED, DB_BROKEN, DB_CLOSED
   */
  write(statements: readonly Statement[], options?: WriteOptions): Promise<readonly StatementResult[]>;
  /** Writes a consistent, compact copy to `path`, which appears there complete or not at all. */
  snapshot(path: string, options?: WriteOptions): Promise<void>;
  /** Waits for writes under way, checkpoints and gives up the lock. Safe to call twice. */
  close(): Promise<void>;
}
