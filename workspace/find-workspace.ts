import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ProvError } from '#base';

/** The file that makes a directory a workspace. */
export const PROVISIONING_FILE = join('config', 'provisioning.yaml');

export async function isWorkspace(directory: string): Promise<boolean> {
  try {
    return (await stat(join(directory, PROVISIONING_FILE))).isFile();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw new ProvError('BASE_FILE_UNREADABLE', { path: directory, reason: code }, { cause: error });
  }
}

/** The absolute path of the workspace that `directory` is in, or undefined where there is none. */
export async function findWorkspace(directory: string): Promise<string | undefined> {
  for (let current = resolve(directory); ; current = dirname(current)) {
    if (await isWorkspace(current)) return current;
    if (dirname(current) === current) return undefined;
  }
}
