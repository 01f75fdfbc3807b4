import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { ProvError } from './errors/prov-error.js';
import { type FileSystem, nodeFileSystem } from './file-system.js';

export interface AtomicWriteOptions {
  /** Permission bits of the new file. Default 0o644; secrets use 0o600. */
  readonly mode?: number;
  readonly fileSystem?: FileSystem;
  /** Where it is written until it gets its name, on the same file system. Default: a new name beside `path`. */
  readonly temporaryPath?: string;
}

/**
 * Replaces `path` as one step: temporary file beside it, all bytes written, fsync, rename, fsync of the
 * directory. On any failure the earlier content is untouched and the temporary file is gone.
 * @throws BASE_DISK_FULL on ENOSPC, EDQUOT and EFBIG; BASE_FILE_UNWRITABLE otherwise.
 */
export function writeFileAtomic(
  path: string,
  data: Uint8Array | string,
  options: AtomicWriteOptions = {},
): void {
  const writer = openAtomicFile(path, options);
  try {
    writer.write(typeof data === 'string' ? Buffer.from(data) : data);
    writer.commit();
  } catch (error) {
    writer.abort();
    throw error;
  }
}

/** A file that appears under its name only on `commit()`. `abort()` is safe at any time, also after commit. */
export interface AtomicFile {
  readonly temporaryPath: string;
  write(data: Uint8Array): void;
  commit(): void;
  abort(): void;
}

/** Opens a writer for `path`; see `writeFileAtomic` for what it guarantees. */
export function openAtomicFile(path: string, options: AtomicWriteOptions = {}): AtomicFile {
  const fs = options.fileSystem ?? nodeFileSystem;
  const temporaryPath = options.temporaryPath ?? temporaryName(path);
  let fd: number | undefined = guard(path, () => fs.open(temporaryPath, 'wx', options.mode ?? 0o644));
  let exists = true;
  return {
    temporaryPath,
    write(data) {
      guard(path, () => {
        for (let offset = 0; offset < data.byteLength; ) {
          const written = fs.write(fd!, data.subarray(offset));
          if (written <= 0) throw Object.assign(new Error('short write'), { code: 'EIO' });
          offset += written;
        }
      });
    },
    commit() {
      guard(path, () => {
        fs.fsync(fd!);
        const open = fd!;
        // Gone even when close reports an error (close(2)): closing it again could hit another file.
        fd = undefined;
        fs.close(open);
        fs.rename(temporaryPath, path);
        exists = false;
        fsyncDirectory(dirname(path), fs);
      });
    },
    abort() {
      const [open, left] = [fd, exists];
      fd = undefined;
      exists = false;
      try {
        if (open !== undefined) fs.close(open);
      } catch {
        // What went wrong while writing is what the caller has to hear.
      } finally {
        if (left) fs.remove(temporaryPath);
      }
    },
  };
}

/** A new name beside `path` for what becomes `path`. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
}

/** Makes renames and new names in `path` durable. A no-op where directories cannot be opened (Windows). */
export function fsyncDirectory(path: string, fs: FileSystem = nodeFileSystem): void {
  if (process.platform === 'win32') return;
  const fd = fs.open(path, 'r');
  try {
    fs.fsync(fd);
  } finally {
    fs.close(fd);
  }
}

/** `fsyncDirectory` in a thread. */
export async function fsyncDirectoryLater(path: string, fs: FileSystem = nodeFileSystem): Promise<void> {
  if (process.platform === 'win32') return;
  const fd = fs.open(path, 'r');
  try {
    await fs.fsyncLater(fd);
  } finally {
    await fs.closeLater(fd);
  }
}

/** Turns a system error met while writing `path` into ours. */
export function writeError(path: string, error: unknown): ProvError {
  if (error instanceof ProvError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
  const why = full ? undefined : WHY[code ?? ''];
  return new ProvError(
    full ? 'BASE_DISK_FULL' : 'BASE_FILE_UNWRITABLE',
    { path, reason: code ?? message, ...(why && { hint: `${why} The earlier content is unchanged.` }) },
    { cause: error },
  );
}

/** What to do about errors of the system (errno(3)). */
const WHY: Readonly<Record<string, string>> = {
  EROFS: 'The file system there is read-only: choose another place.',
  EACCES:
    'You may not write there: look at the owner and the mode of the directory, or choose another place.',
  EPERM: 'You may not write there: look at the owner and the mode of the directory, or choose another place.',
  EISDIR: 'There is a directory of that name: choose another name.',
  ENOTDIR: 'A part of that path is a file, not a directory: choose another place.',
  EEXIST: 'Something of that name is there that is no directory: choose another place.',
  ENOENT: 'The directory is not there and cannot be made: choose another place.',
  ENAMETOOLONG: 'The name is longer than the file system allows: choose a shorter one.',
};

function guard<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw writeError(path, error);
  }
}
