import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { digestHex, digestOf, log, writeFileAtomic } from '#base';

/** An upload session that a registry keeps for us. */
export interface UploadRecord {
  /** Absolute; may be signed, so the file is readable by its owner only. */
  readonly location: string;
  /** Bytes the registry has acknowledged. */
  readonly offset: number;
}

/** Remembers one upload between processes. */
export interface UploadJournal {
  read(): UploadRecord | undefined;
  write(record: UploadRecord): void;
  remove(): void;
}

const VERSION = 1;

/** A journal that remembers nothing. */
export const noJournal: UploadJournal = {
  read: () => undefined,
  write: () => undefined,
  remove: () => undefined,
};

/**
 * The journal of one upload: a file named after what is uploaded and the process that does it. A file left
 * by a process that is gone is taken over; one of a living process is left alone.
 */
export function openUploadJournal(directory: string, subject: string): UploadJournal {
  const key = digestHex(digestOf(subject)).slice(0, 32);
  const own = join(directory, `${key}.${process.pid}.json`);
  return {
    read() {
      takeOver(directory, key, own);
      return existsSync(own) ? parse(own) : undefined;
    },
    write({ location, offset }) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      writeFileAtomic(own, `${JSON.stringify({ v: VERSION, location, offset })}\n`, { mode: 0o600 });
    },
    remove() {
      rmSync(own, { force: true });
    },
  };
}

function takeOver(directory: string, key: string, own: string): void {
  if (existsSync(own) || !existsSync(directory)) return;
  for (const name of readdirSync(directory)) {
    const pid = name.startsWith(`${key}.`) ? Number(/\.(\d+)\.json$/.exec(name)?.[1]) : Number.NaN;
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    try {
      renameSync(join(directory, name), own);
      return;
    } catch (error) {
      // Another process took it first.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function parse(path: string): UploadRecord | undefined {
  try {
    const value = Object(JSON.parse(readFileSync(path, 'utf8'))) as Record<string, unknown>;
    const { v, location, offset } = value;
    if (
      v === VERSION &&
      typeof location === 'string' &&
      Number.isSafeInteger(offset) &&
      Number(offset) >= 0
    ) {
      return { location, offset: Number(offset) };
    }
  } catch (error) {
    log.debug('an upload journal cannot be read and is dropped', { path, reason: String(error) });
  }
  return undefined;
}
