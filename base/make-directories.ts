import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fsyncDirectory, writeError } from './atomic-file.js';
import type { FileSystem } from './file-system.js';

export interface MakeDirectoriesOptions {
  /** Permission bits of those that are made. Default 0o777, less the umask. */
  readonly mode?: number;
  /** The new names survive a power cut. Default false. */
  readonly durable?: boolean;
  /** Syncs the directories. */
  readonly fileSystem?: FileSystem | undefined;
}

/**
 * Makes a directory and those above it that are missing; gives the paths that were made, outermost first. Step by
 * step: `mkdir` with `recursive` never comes back on Node 20 where one that is there takes no other (`/proc`).
 * @throws BASE_DISK_FULL, BASE_FILE_UNWRITABLE
 */
export function makeDirectories(path: string, options: MakeDirectoriesOptions = {}): readonly string[] {
  const { mode, durable = false, fileSystem } = options;
  try {
    const made = makeMissing(resolve(path), mode);
    if (durable) for (const each of made) fsyncDirectory(dirname(each), fileSystem);
    return made;
  } catch (error) {
    throw writeError(path, error);
  }
}

function makeMissing(path: string, mode: number | undefined): readonly string[] {
  if (isDirectory(path)) return [];
  const parent = dirname(path);
  const made = parent === path ? [] : makeMissing(parent, mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Somebody else made it meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && isDirectory(path)) return made;
    throw error;
  }
  return [...made, path];
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
