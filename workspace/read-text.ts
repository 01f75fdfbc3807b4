import { readFile, stat } from 'node:fs/promises';
import { assertWithin, LIMITS, ProvError } from '#base';

/**
 * The text of a file that people write, without a byte-order mark; undefined when there is no such file.
 * @throws BASE_LIMIT_EXCEEDED, BASE_FILE_UNREADABLE, WORKSPACE_TEXT_INVALID
 */
export async function readTextIfThere(path: string, signal?: AbortSignal): Promise<string | undefined> {
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    assertWithin(size, LIMITS.textFileBytes, path);
    bytes = await readFile(path, { signal });
  } catch (error) {
    if (error instanceof ProvError || signal?.aborted) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ProvError('BASE_FILE_UNREADABLE', { path, reason: code ?? message }, { cause: error });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ProvError('WORKSPACE_TEXT_INVALID', { path }, { cause: error });
  }
}

/** As `readTextIfThere`, for a file that has to be there. @throws BASE_FILE_MISSING */
export async function readText(path: string, signal?: AbortSignal): Promise<string> {
  const text = await readTextIfThere(path, signal);
  if (text === undefined) throw new ProvError('BASE_FILE_MISSING', { path });
  return text;
}
