import { existsSync, readFileSync, rmSync } from 'node:fs';
import { digestHex, digestOf, log, makeDirectories, unsyncedFileSystem, writeFileAtomic } from '#base';
import { claimFile, ownFile } from '../claim-file.js';

/** An upload session that a registry keeps for us. */
export interface UploadRecord {
  /** Absolute; may be signed, so the file is readable by its owner only. */
  readonly location: string;
  /** Bytes the registry has acknowledged. */
  readonly offset: number;
  /** Smallest chunk the registry takes. */
  readonly minimum: number;
}

/** Remembers one upload between processes. */
export interface UploadJournal {
  read(): UploadRecord | undefined;
  write(record: UploadRecord): void;
  remove(): void;
}

const VERSION = 1;
const ENDING = '.json';
/** A chunk may take long, and is all that touches the file. */
const IDLE_MS = 60 * 60_000;

/** A journal that remembers nothing. */
export const noJournal: UploadJournal = {
  read: () => undefined,
  write: () => undefined,
  remove: () => undefined,
};

/**
 * The journal of one upload: a file named after what is uploaded and the process that does it. A file left
 * by a process that is gone is taken over; one of a living process is left alone, as is one of another host or
 * container for an hour.
 */
export function openUploadJournal(directory: string, subject: string): UploadJournal {
  const key = digestHex(digestOf(subject)).slice(0, 32);
  const own = ownFile(directory, key, ENDING);
  return {
    read() {
      claimFile(directory, key, ENDING, { idleMs: IDLE_MS });
      return existsSync(own) ? parse(own) : undefined;
    },
    write({ location, offset, minimum }) {
      makeDirectories(directory, { mode: 0o700 });
      writeFileAtomic(own, `${JSON.stringify({ v: VERSION, location, offset, minimum })}\n`, {
        mode: 0o600,
        // It outlives a killed process; after a power cut the upload starts again, which is cheaper than a sync a chunk.
        fileSystem: unsyncedFileSystem,
      });
    },
    remove() {
      rmSync(own, { force: true });
    },
  };
}

function parse(path: string): UploadRecord | undefined {
  try {
    const value = Object(JSON.parse(readFileSync(path, 'utf8'))) as Record<string, unknown>;
    const { v, location, offset, minimum = 0 } = value;
    if (
      v === VERSION &&
      typeof location === 'string' &&
      Number.isSafeInteger(offset) &&
      Number(offset) >= 0
    ) {
      return { location, offset: Number(offset), minimum: Number(minimum) || 0 };
    }
  } catch (error) {
    log.debug('an upload journal cannot be read and is dropped', { path, reason: String(error) });
  }
  return undefined;
}
