import { dirname } from 'node:path';
import { type AtomicWriteOptions, fsyncDirectoryLater, temporaryName, writeError } from './atomic-file.js';
import { nodeFileSystem, writePieces } from './file-system.js';

/** Pieces are gathered to this much before they are written. */
const GATHER_BYTES = 1024 * 1024;
/** After so many bytes the disk is set to work while more come, so that the end does not wait for all of them. */
const SYNC_EVERY_BYTES = 32 * 1024 * 1024;

/**
 * A large file that is written by threads, so that the event loop goes on, and that appears under its name only
 * on `commit()`. `abort()` is safe at any time, also after commit.
 */
export interface AtomicStream {
  readonly temporaryPath: string;
  /** Takes bytes over, which must not change any more. One write is under way while the caller makes the next bytes. */
  write(data: Uint8Array): Promise<void>;
  /** All bytes so far are in the file, under its temporary name. */
  flush(): Promise<void>;
  /** Makes all bytes durable, still under the temporary name; nothing can be written any more. */
  complete(): Promise<void>;
  /** Gives a complete file its name, which is durable once the directory is synced. */
  place(): void;
  /** All of it: complete, placed, and the name durable. */
  commit(): Promise<void>;
  abort(): Promise<void>;
}

/**
 * Opens a writer for `path`, with the guarantees of `writeFileAtomic`.
 * @throws BASE_DISK_FULL on ENOSPC, EDQUOT and EFBIG; BASE_FILE_UNWRITABLE otherwise.
 */
export function openAtomicStream(path: string, options: AtomicWriteOptions = {}): AtomicStream {
  const fs = options.fileSystem ?? nodeFileSystem;
  const temporaryPath = options.temporaryPath ?? temporaryName(path);
  let fd: number | undefined;
  try {
    fd = fs.open(temporaryPath, 'wx', options.mode ?? 0o644);
  } catch (error) {
    throw writeError(path, error);
  }
  let exists = true;
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  let unsyncedBytes = 0;
  let isLarge = false;
  let writing: Promise<void> | undefined;
  let syncing: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;

  /** A thread costs more than the close of a small file. */
  const close = async (open: number) => (isLarge ? fs.closeLater(open) : fs.close(open));
  /** What fails in the background is thrown by whoever comes next. */
  const watched = (work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => {
      failure ??= { error };
    });
  const check = () => {
    if (failure !== undefined) throw writeError(path, failure.error);
  };

  async function begin(): Promise<void> {
    await writing;
    check();
    if (gatheredBytes === 0) return;
    const pieces = gathered;
    unsyncedBytes += gatheredBytes;
    isLarge ||= gatheredBytes >= GATHER_BYTES;
    [gathered, gatheredBytes] = [[], 0];
    writing = watched(writePieces(fs, fd!, pieces));
    if (unsyncedBytes < SYNC_EVERY_BYTES || syncing !== undefined) return;
    unsyncedBytes = 0;
    syncing = watched(fs.fsyncLater(fd!)).finally(() => {
      syncing = undefined;
    });
  }

  /** No thread touches the descriptor any more. */
  async function quiet(): Promise<void> {
    await writing;
    await syncing;
  }

  async function flush(): Promise<void> {
    await begin();
    await writing;
    check();
  }

  async function complete(): Promise<void> {
    if (fd === undefined) return;
    await flush();
    await quiet();
    check();
    try {
      await fs.fsyncLater(fd);
      const open = fd;
      // Gone even when close reports an error (close(2)): closing it again could hit another file.
      fd = undefined;
      await close(open);
    } catch (error) {
      throw writeError(path, error);
    }
  }

  function place(): void {
    try {
      fs.rename(temporaryPath, path);
      exists = false;
    } catch (error) {
      throw writeError(path, error);
    }
  }

  return {
    temporaryPath,
    async write(data) {
      check();
      gathered.push(data);
      gatheredBytes += data.byteLength;
      if (gatheredBytes >= GATHER_BYTES) await begin();
    },
    flush,
    complete,
    place,
    async commit() {
      await complete();
      place();
      try {
        await fsyncDirectoryLater(dirname(path), fs);
      } catch (error) {
        throw writeError(path, error);
      }
    },
    async abort() {
      const left = exists;
      exists = false;
      gathered = [];
      await quiet();
      const open = fd;
      fd = undefined;
      try {
        if (open !== undefined) await close(open);
      } catch {
        // What went wrong while writing is what the caller has to hear.
      } finally {
        if (left) fs.remove(temporaryPath);
      }
    },
  };
}

/** `writeFileAtomic` in threads. @throws BASE_DISK_FULL, BASE_FILE_UNWRITABLE */
export async function writeFileAtomicLater(
  path: string,
  data: Uint8Array,
  options: AtomicWriteOptions = {},
): Promise<void> {
  const file = openAtomicStream(path, options);
  try {
    await file.write(data);
    await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}
