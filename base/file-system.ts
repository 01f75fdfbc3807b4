import { close, closeSync, fsync, fsyncSync, openSync, renameSync, rmSync, writeSync, writev } from 'node:fs';
import { promisify } from 'node:util';

/**
 * The file operations that writing safely needs. `nodeFileSystem` is the real one; tests wrap it to
 * fail or stop at any step (disk full, kill).
 */
export interface FileSystem {
  open(path: string, flags: string, mode?: number): number;
  write(fd: number, data: Uint8Array): number;
  /** Like `write` of all pieces, in a thread; the bytes must not change meanwhile. Gives how many were taken. */
  writeLater(fd: number, pieces: readonly Uint8Array[]): Promise<number>;
  fsync(fd: number): void;
  /** Like `fsync`, in a thread. */
  fsyncLater(fd: number): Promise<void>;
  close(fd: number): void;
  /** Like `close`, in a thread: the last close of a large file may wait for the disk. */
  closeLater(fd: number): Promise<void>;
  rename(from: string, to: string): void;
  remove(path: string): void;
}

const fsyncInThread = promisify(fsync);
const closeInThread = promisify(close);

export const nodeFileSystem: FileSystem = {
  open: (path, flags, mode) => openSync(path, flags, mode),
  write: (fd, data) => writeSync(fd, data),
  writeLater: (fd, pieces) =>
    new Promise((resolve, reject) => {
      writev(fd, pieces, (error, written) => (error ? reject(error) : resolve(written)));
    }),
  fsync: (fd) => fsyncSync(fd),
  fsyncLater: (fd) => fsyncInThread(fd),
  close: (fd) => closeSync(fd),
  closeLater: (fd) => closeInThread(fd),
  rename: (from, to) => renameSync(from, to),
  remove: (path) => rmSync(path, { force: true }),
};

/** Waits for no disk: for what may be lost or torn in a power cut, because whoever reads it looks whether it is whole. */
export const unsyncedFileSystem: FileSystem = {
  ...nodeFileSystem,
  fsync: () => undefined,
  fsyncLater: async () => undefined,
};

/** Writes all of the pieces, in as many steps as the system makes of it. Errors are those of the system. */
export async function writePieces(
  fs: Pick<FileSystem, 'writeLater'>,
  fd: number,
  pieces: readonly Uint8Array[],
): Promise<void> {
  let rest = pieces.filter(({ byteLength }) => byteLength > 0);
  while (rest.length > 0) {
    let written = await fs.writeLater(fd, rest);
    if (written <= 0) throw Object.assign(new Error('short write'), { code: 'EIO' });
    let whole = 0;
    while (whole < rest.length && written >= rest[whole]!.byteLength) written -= rest[whole++]!.byteLength;
    rest = rest.slice(whole);
    if (written > 0) rest = [rest[0]!.subarray(written), ...rest.slice(1)];
  }
}
