import { type ErrorCode, type ErrorDetails, ProvError } from '#base';

/** Primary result codes of SQLite, which are the low byte of the extended ones. */
const SQLITE = {
  busy: 5,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  constraint: 19,
  notADatabase: 26,
} as const;

export function resultCode(error: unknown): number | undefined {
  const raw = (error as { rawCode?: unknown } | null)?.rawCode;
  return typeof raw === 'number' ? raw & 0xff : undefined;
}

export function isBusy(error: unknown): boolean {
  return resultCode(error) === SQLITE.busy;
}

/** Extended codes of a failed fsync: what was written before may be lost, whatever a later fsync says. */
const FAILED_SYNC: readonly unknown[] = [1034, 1290];

/** Errors after which the state of the file is not known: no write may follow. */
export function isFatal(error: unknown): boolean {
  const code = resultCode(error);
  if (code === SQLITE.corrupt || code === SQLITE.notADatabase) return true;
  return FAILED_SYNC.includes((error as { rawCode?: unknown } | null)?.rawCode);
}

/** Errors of the disk, which concern every write of a batch and not one statement. */
export function isDiskError(error: unknown): boolean {
  const code = resultCode(error);
  return isFatal(error) || code === SQLITE.ioError || code === SQLITE.full;
}

/** An error as it crosses from the worker's thread. */
export interface Failure {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
}

export function failureOf(error: unknown, path: string): Failure {
  if (error instanceof ProvError) return { code: error.code, details: error.details };
  const reason = error instanceof Error ? error.message : String(error);
  switch (resultCode(error)) {
    case SQLITE.full:
      return { code: 'BASE_DISK_FULL', details: { path, reason } };
    case SQLITE.constraint:
      return { code: 'DB_CONSTRAINT_VIOLATED', details: { reason } };
    case SQLITE.ioError:
    case SQLITE.corrupt:
    case SQLITE.notADatabase:
    case SQLITE.cannotOpen:
    case SQLITE.busy:
      return { code: 'DB_WRITE_FAILED', details: { path, reason } };
    default:
      return { code: 'DB_STATEMENT_FAILED', details: { path, reason } };
  }
}

export function errorOf(failure: Failure): ProvError {
  return new ProvError(failure.code, failure.details);
}
