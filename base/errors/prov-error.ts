import { redact, redactedJson } from '../redact.js';
import type { ErrorCode } from './catalogue.js';
import { PERMISSION_REASONS } from './entry.js';
import { EXIT } from './exit-code.js';
import { findEntry } from './find-entry.js';

export type ErrorDetails = Readonly<Record<string, unknown>>;

/** The shape of an error in `--out json` and under `/api/v1/`. */
export interface ErrorDocument {
  readonly schema: 1;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly exit: number;
  readonly details: ErrorDetails;
  readonly docs: string;
  readonly retryable: boolean;
  readonly requestId?: string;
}

/**
 * The one error class of the product: a stable code from the catalogue plus plain details. Message and
 * hint are redacted before they can be seen.
 *
 * @example
 * throw new ProvError('BASE_FILE_MISSING', { path: 'manifest.yaml' });
 */
export class ProvError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: { cause?: unknown }) {
    super(redact(fill(findEntry(code).message, details)), options);
    this.name = 'ProvError';
    this.code = code;
    this.details = details;
  }

  get hint(): string {
    const own = this.details['hint'];
    return redact(typeof own === 'string' ? own : fill(findEntry(this.code).hint, this.details));
  }

  get exitCode(): number {
    const { exit, exitByReason } = findEntry(this.code);
    return EXIT[exitByReason?.[String(this.details['reason'])] ?? exit];
  }

  get httpStatus(): number {
    return findEntry(this.code).http ?? 500;
  }

  get retryable(): boolean {
    const own = this.details['retryable'];
    return typeof own === 'boolean' ? own : (findEntry(this.code).retryable ?? false);
  }

  /** The JSON form; details are redacted and never hold a stack or the cause. */
  toDocument(requestId?: string): ErrorDocument {
    const details = JSON.parse(redactedJson(this.details)) as ErrorDetails;
    return {
      schema: 1,
      code: this.code,
      message: this.message,
      hint: this.hint,
      exit: this.exitCode,
      details,
      docs: `docs/errors.md#${this.code.toLowerCase()}`,
      retryable: this.retryable,
      ...(requestId === undefined ? {} : { requestId }),
    };
  }
}

/** Wraps anything thrown that is not ours as a bug, keeping it as the cause; what the system refused is none. */
export function toProvError(thrown: unknown): ProvError {
  if (thrown instanceof ProvError) return thrown;
  const refused = systemRefusal(thrown);
  if (refused) return refused;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new ProvError('BASE_INTERNAL', { reason }, { cause: thrown });
}

/** Reading calls; the others change something. */
const READING = new Set(['access', 'lstat', 'open', 'read', 'readlink', 'realpath', 'scandir', 'stat']);

/** A file that may not be touched, or a full disk, wherever it was met. */
function systemRefusal(thrown: unknown): ProvError | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const { code, syscall, path } = thrown as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return undefined;
  const details = { path: path ?? 'a file', reason: code };
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new ProvError('BASE_DISK_FULL', details, { cause: thrown });
  if (path === undefined || !(code in PERMISSION_REASONS)) return undefined;
  const what = READING.has(syscall) ? 'BASE_FILE_UNREADABLE' : 'BASE_FILE_UNWRITABLE';
  return new ProvError(what, details, { cause: thrown });
}

export function isProvError(thrown: unknown, code?: ErrorCode): thrown is ProvError {
  return thrown instanceof ProvError && (code === undefined || thrown.code === code);
}

function fill(template: string, details: ErrorDetails): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = details[name];
    if (value === undefined) return whole;
    return typeof value === 'string' ? value : JSON.stringify(value, plain);
  });
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value;
}
