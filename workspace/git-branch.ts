import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { readTextIfThere } from './read-text.js';

/** The branch checked out in the repository that `directory` is in; undefined when detached or in none. */
export async function gitBranch(directory: string, signal?: AbortSignal): Promise<string | undefined> {
  for (let current = resolve(directory); ; current = dirname(current)) {
    const head = await readHead(join(current, '.git'), signal);
    if (head !== undefined) return /^ref: refs\/heads\/(\S.*)$/m.exec(head)?.[1]?.trim();
    if (dirname(current) === current) return undefined;
  }
}

async function readHead(git: string, signal?: AbortSignal): Promise<string | undefined> {
  const direct = await readTextIfThere(join(git, 'HEAD'), signal);
  if (direct !== undefined) return direct;
  const pointer = (await isFile(git)) ? await readTextIfThere(git, signal) : undefined;
  const elsewhere = /^gitdir: (.+)$/m.exec(pointer ?? '')?.[1]?.trim();
  return elsewhere === undefined
    ? undefined
    : readTextIfThere(join(resolve(dirname(git), elsewhere), 'HEAD'), signal);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    // Not there, or not ours to see: then there is no branch to name.
    return false;
  }
}
