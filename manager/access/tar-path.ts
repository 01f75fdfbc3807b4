import { statSync } from 'node:fs';
import type { FileReference } from '#schemas';

/** Whether a reference to a layout means a tar of one. */
export function isTarPath({ type, path }: FileReference): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined) return found.isFile();
  return type === 'bundle' || path.endsWith('.tar');
}
