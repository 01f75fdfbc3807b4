import { ProvError } from '#base';

/**
 * Runs a read of `path`, turning what the system says into our errors.
 * @throws BASE_FILE_MISSING, BASE_FILE_UNREADABLE
 */
export function reading<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw readError(path, error);
  }
}

/** The error for a failed read of `path`; ours and aborts pass as they are. */
export function readError(path: string, error: unknown): unknown {
  const code: unknown = (error as { code?: unknown } | null)?.code;
  if (error instanceof ProvError || typeof code !== 'string' || code === 'ABORT_ERR') return error;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new ProvError('BASE_FILE_MISSING', { path }, { cause: error });
  return new ProvError('BASE_FILE_UNREADABLE', { path, reason: code }, { cause: error });
}
