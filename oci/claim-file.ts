import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync, renameSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { identifyProcess } from '#base';

/**
 * A file of a process that cannot be looked up from here (another host or container on a shared volume) counts as
 * left behind when nobody touched it for so long. Whoever holds one open touches it more often.
 */
export const IDLE_MS = 5 * 60_000;

/** Who a file belongs to, as it stands in its name: process number, where that number counts, when it began. */
const OWNER = /\.(\d+)-([0-9a-f]{12})-([0-9a-f]{12})$/;

export interface ClaimOptions {
  /** Milliseconds without a touch after which a file of an unknown owner may be taken. Default 300,000. */
  readonly idleMs?: number;
}

export interface AbandonedOptions extends ClaimOptions {
  /** Files for this alone. Default: for all. */
  readonly key?: string;
}

/** The path of this process's file for `key` in `directory`, whether it is there or not. */
export function ownFile(directory: string, key: string, ending: string): string {
  return join(directory, `${key}.${owner()}${ending}`);
}

/**
 * The path of this process's file for `key` in `directory`. A file that a process left which is gone is taken
 * over, the largest of several; one of a living process is left alone, on this host and on others.
 */
export function claimFile(
  directory: string,
  key: string,
  ending: string,
  options: ClaimOptions = {},
): string {
  const own = ownFile(directory, key, ending);
  if (existsSync(own)) return own;
  const left = abandonedFiles(directory, ending, { ...options, key });
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
export function abandonedFiles(
  directory: string,
  ending: string,
  { idleMs = IDLE_MS, key }: AbandonedOptions = {},
): { path: string; size: number }[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith(ending) && (key === undefined || name.startsWith(`${key}.`)))
    .flatMap((name) => {
      const path = join(directory, name);
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats === undefined) return [];
      const alive = isOwned(name.slice(0, name.length - ending.length));
      const gone = alive === 'unknown' ? Date.now() - stats.mtimeMs > idleMs : !alive;
      return gone ? [{ path, size: stats.size }] : [];
    });
}

function isOwned(name: string): boolean | 'unknown' {
  const [, pid, place, started] = OWNER.exec(name) ?? [];
  // Who does not see itself (no `/proc`, no `ps`) sees no others.
  if (place !== placeOfProcesses() || ownStart() === undefined) return 'unknown';
  const found = identifyProcess(Number(pid));
  return found !== undefined && short(found.started) === started;
}

let known: { readonly started: string | undefined } | undefined;

function ownStart(): string | undefined {
  known ??= { started: identifyProcess(process.pid)?.started };
  return known.started;
}

/** Without `/proc` or `ps` nothing tells two processes of one number apart but this clock. */
function owner(): string {
  return `${process.pid}-${placeOfProcesses()}-${short(ownStart() ?? String(performance.timeOrigin))}`;
}

let place: string | undefined;

/** Where process numbers mean the same processes: this boot of this machine, and in it this container. */
function placeOfProcesses(): string {
  place ??= short([hostname(), bootOf(), numbersOf()].join('\n'));
  return place;
}

function bootOf(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
  } catch {
    // Not Linux, or not shown: the name of the host has to do.
    return '';
  }
}

/** @see pid_namespaces(7) */
function numbersOf(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    // As above.
    return '';
  }
}

function short(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
