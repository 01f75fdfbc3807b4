import {
  closeSync,
  fchmodSync,
  fstatSync,
  futimesSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import {
  Digester,
  digestAlgorithm,
  digestHex,
  type FileSystem,
  makeDirectories,
  nodeFileSystem,
  writeError,
  writePieces,
} from '#base';
import type { Descriptor } from '#schemas';
import { claimFile, IDLE_MS } from '../claim-file.js';

/** What is downloaded is written in pieces of this size, so a killed process loses at most so many bytes. */
const FLUSH_BYTES = 1024 * 1024;
/** Well below the time after which others may take the file. */
const TOUCH_MS = IDLE_MS / 20;
const READ_BYTES = 256 * 1024;
export const PARTIAL_ENDING = '.part';

/** The beginning of some content on disk, which outlives the process that writes it. */
export interface PartialContent {
  /** Has hashed all bytes kept so far; whoever fetches the rest hashes that too. */
  readonly digester: Digester;
  /** Takes the chunk over; one write is under way while the caller gets the next bytes. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Ends under `path`, with the mode of what is not to be changed. The caller has verified all bytes. False, and
   * nothing is there, when somebody else has written to the file or taken it.
   */
  commit(path: string): Promise<boolean>;
  /** Stays for the next try, in this process or another one. */
  keep(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * Opens the unfinished file of `descriptor` in `directory`, with what an earlier process left of it.
 * @throws BASE_DISK_FULL, BASE_FILE_UNWRITABLE; `write` and `commit` as well.
 */
export function openPartialContent(
  directory: string,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  fileSystem: Pick<FileSystem, 'writeLater'> = nodeFileSystem,
): PartialContent {
  const { digest, size } = descriptor;
  const guard = <T>(action: () => T): T => {
    try {
      return action();
    } catch (error) {
      throw writeError(directory, error);
    }
  };
  const { path, fd } = guard(() => {
    makeDirectories(directory, { mode: 0o700 });
    const key = `${digestAlgorithm(digest)}-${digestHex(digest)}`;
    const claimed = claimFile(directory, key, PARTIAL_ENDING);
    return { path: claimed, fd: openSync(claimed, 'a+', 0o600) };
  });
  let open: number | undefined = fd;
  const digester = hashWhatIsThere(fd, descriptor);
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let writing: Promise<void> | undefined;
  /** Once a write failed nothing is written any more: it would stand after a gap. */
  let failure: unknown;

  /** Ends the write before, begins the next. */
  async function begin(): Promise<void> {
    await writing;
    writing = undefined;
    if (failure !== undefined) throw writeError(directory, failure);
    const pieces = waiting;
    [waiting, waitingBytes] = [[], 0];
    if (pieces.length > 0)
      writing = writePieces(fileSystem, fd, pieces).catch((error: unknown) => {
        failure = error;
      });
  }

  async function flush(): Promise<void> {
    await begin();
    await begin();
  }

  const touch = () => {
    const now = new Date();
    if (open !== undefined) futimesSync(open, now, now);
  };
  // Says to other hosts, which cannot look, that there is somebody here while nothing comes.
  const touching = setInterval(touch, TOUCH_MS).unref();

  function close(): void {
    clearInterval(touching);
    const closing = open;
    open = undefined;
    if (closing !== undefined) closeSync(closing);
  }

  return {
    digester,
    async write(chunk) {
      waiting.push(chunk);
      waitingBytes += chunk.byteLength;
      if (waitingBytes >= FLUSH_BYTES) await begin();
    },
    async commit(target) {
      await flush();
      return guard(() => {
        const [file, named] = [fstatSync(fd), statSync(path, { throwIfNoEntry: false })];
        const ours = file.size === size && named?.ino === file.ino && named.dev === file.dev;
        if (ours) fchmodSync(fd, 0o444);
        close();
        if (ours) renameSync(path, target);
        return ours;
      });
    },
    async keep() {
      try {
        if (open !== undefined) await flush();
      } finally {
        close();
        if (size < FLUSH_BYTES) rmSync(path, { force: true });
      }
    },
    async discard() {
      await writing;
      close();
      rmSync(path, { force: true });
    },
  };
}

/** More bytes than the content has are not its beginning; hashing them shows it. */
function hashWhatIsThere(fd: number, { digest, size }: Pick<Descriptor, 'digest' | 'size'>): Digester {
  const digester = new Digester(digestAlgorithm(digest));
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  while (digester.bytes <= size) {
    const count = readSync(fd, buffer, 0, READ_BYTES, digester.bytes);
    if (count === 0) break;
    digester.update(buffer.subarray(0, count));
  }
  return digester;
}
