import { existsSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The path of this process's file for `key` in `directory`. A file that a process left which is gone is taken
 * over, the largest of several; one of a living process is left alone.
 */
export function claimFile(directory: string, key: string, ending: string): string {
  const own = join(directory, `${key}.${process.pid}${ending}`);
  if (existsSync(own)) return own;
  const left = abandonedFiles(directory, ending).filter(({ path }) =>
    path.startsWith(join(directory, `${key}.`)),
  );
  for (const { path } of left.sort((a, b) => b.size - a.size)) {
    try {
      renameSync(path, own);
      return own;
    } catch (error) {
      // Another process took it first.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return own;
}

/** Claimed files in `directory` whose process is gone, with their size in bytes. */
export function abandonedFiles(directory: string, ending: string): { path: string; size: number }[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith(ending))
    .filter((name) => {
      const pid = Number(/\.(\d+)$/.exec(name.slice(0, name.length - ending.length))?.[1]);
      return Number.isInteger(pid) && !isAlive(pid);
    })
    .flatMap((name) => {
      const path = join(directory, name);
      const stats = statSync(path, { throwIfNoEntry: false });
      return stats ? [{ path, size: stats.size }] : [];
    });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
