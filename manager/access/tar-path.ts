import { type Stats, statSync } from 'node:fs';
import { ProvError } from '#base';
import type { FileReference } from '#schemas';

/** Whether a reference to a layout means a tar of one. @throws BASE_FILE_UNREADABLE */
export function isTarPath({ type, path }: FileReference): boolean {
  return statOf(path)?.isFile() ?? (type === 'bundle' || path.endsWith('.tar'));
}

/** Undefined for what is not there, also below something that is no directory. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ProvError('BASE_FILE_UNREADABLE', { path, reason: code ?? message }, { cause: error });
  }
}
