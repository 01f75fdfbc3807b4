import { randomBytes } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  type FileSystem,
  fsyncDirectoryLater,
  identifyProcess,
  isRunning,
  log,
  makeDirectories,
  nodeFileSystem,
  writeError,
} from '#base';

/** A directory beside a destination in which its next content is made; `commit` puts that in place. */
export interface Staging {
  /** Where the content has to be; made by whoever fills it. */
  readonly tree: string;
  /**
   * Puts the tree where the destination is, in two renames when something is there already. A death between
   * them is put right by the next `recoverStaging`. @throws BASE_FILE_UNWRITABLE
   */
  commit(): Promise<void>;
  /** Takes away what was not committed; safe at any time. */
  discard(): void;
}

const TREE = 'tree';
const OLD = 'old';

/** Makes a staging directory beside `destination`. @throws BASE_FILE_UNWRITABLE, BASE_DISK_FULL */
export function openStaging(
  destination: string,
  { rename }: Pick<FileSystem, 'rename'> = nodeFileSystem,
): Staging {
  const parent = dirname(destination);
  const directory = join(parent, `${prefixOf(destination)}${owner()}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    makeDirectories(parent);
    mkdirSync(directory, { mode: 0o755 });
  } catch (error) {
    throw writeError(destination, error);
  }
  const [tree, old] = [join(directory, TREE), join(directory, OLD)];
  return {
    tree,
    async commit() {
      try {
        const replaces = existsSync(destination);
        if (replaces) rename(destination, old);
        try {
          rename(tree, destination);
        } catch (error) {
          if (replaces) rename(old, destination);
          throw error;
        }
        // In a thread: others of this process go on meanwhile.
        await fsyncDirectoryLater(parent);
      } catch (error) {
        throw writeError(destination, error);
      }
      remove(directory);
    },
    // What was moved aside and could not be put back is the only copy of it: that stays.
    discard: () => {
      if (!existsSync(old)) remove(directory);
    },
  };
}

/**
 * Puts right what dead processes left beside `destination`: their unfinished trees go, and a destination that
 * they had moved aside comes back. @throws BASE_FILE_UNWRITABLE
 */
export function recoverStaging(destination: string): void {
  const parent = dirname(destination);
  const prefix = prefixOf(destination);
  if (!existsSync(parent)) return;
  try {
    for (const name of readdirSync(parent)) {
      if (!name.startsWith(prefix) || isOwned(name.slice(prefix.length)) || !isOurs(join(parent, name)))
        continue;
      const old = join(parent, name, OLD);
      if (existsSync(old) && !existsSync(destination)) renameSync(old, destination);
      // A tree beside it was never committed, so what stands there now is new: the old content is not ours to delete.
      if (existsSync(old) && existsSync(join(parent, name, TREE))) continue;
      remove(join(parent, name));
    }
  } catch (error) {
    throw writeError(destination, error);
  }
}

function prefixOf(destination: string): string {
  return `.${basename(destination)}.prov-pull-staging.`;
}

/** This process as a part of a name: its number and, so that a reused one is told apart, when it began. */
function owner(): string {
  const started = identifyProcess(process.pid)?.started ?? '';
  return `${process.pid}.${Buffer.from(started).toString('hex')}`;
}

function isOwned(name: string): boolean {
  const [pid = '', started = ''] = name.split('.');
  return isRunning({ pid: Number(pid), started: Buffer.from(started, 'hex').toString() });
}

/** In a folder that others may write to, a link or somebody else's directory may have such a name. */
function isOurs(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && (process.getuid === undefined || stats.uid === process.getuid());
}

/** What went wrong before is what has to be told, not that something stays. */
function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    log.debug('a staging directory stays', { path, reason: (error as Error).message });
  }
}
