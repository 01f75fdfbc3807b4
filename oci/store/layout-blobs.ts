import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type AtomicStream,
  type Digest,
  digestAlgorithm,
  digestHex,
  type FileSystem,
  filePieces,
  fsyncDirectoryLater,
  makeDirectories,
  openAtomicStream,
  ProvError,
  writeError,
} from '#base';
import type { Descriptor } from '#schemas';
import type { ByteSource, PushOptions } from '../content-store.js';
import { countedSource } from '../count-bytes.js';
import { readError } from '../reading.js';
import { SharedWork } from '../shared-work.js';
import { sizedStream, verifiedStream } from '../verified-stream.js';

/** Blobs up to this size may wait for others, to be made durable together. */
const SMALL_BYTES = 1024 * 1024;
/** Each that waits is an open file. */
const MOST_WAITING = 128;

export interface LayoutBlobsOptions {
  readonly label: string;
  /** Small blobs wait for `flush`. */
  readonly grouped: boolean;
  readonly fileSystem?: FileSystem;
}

/** The blobs of a layout directory. Each stands under its name only when it is complete, verified and durable. */
export interface LayoutBlobs {
  /** Bytes of a blob, also of one that waits. */
  size(digest: Digest): Promise<number | undefined>;
  /** Its bytes as they are on the disk. @throws OCI_CONTENT_MISSING */
  read(digest: Digest): AsyncIterable<Uint8Array>;
  /** @throws OCI_DIGEST_MISMATCH, OCI_SIZE_MISMATCH, BASE_DISK_FULL, BASE_FILE_UNWRITABLE, and what the source throws */
  write(descriptor: Descriptor, source: ByteSource, options?: PushOptions): Promise<void>;
  /** So many wait that it is time to flush. */
  isFull(): boolean;
  /** Puts what waits under its name, all with one wait for the directory. */
  flush(): Promise<void>;
  /** Drops what waits. */
  discard(): Promise<void>;
}

interface WaitingBlob {
  readonly file: AtomicStream;
  readonly size: number;
  readonly path: string;
}

export function openLayoutBlobs(root: string, options: LayoutBlobsOptions): LayoutBlobs {
  const { label, grouped, fileSystem } = options;
  const fileOptions = fileSystem ? { fileSystem } : {};
  const waiting = new Map<Digest, WaitingBlob>();
  const writes = new SharedWork();

  async function size(digest: Digest): Promise<number | undefined> {
    return waiting.get(digest)?.size ?? sizeOf(blobPath(root, digest));
  }

  async function writeOnce(descriptor: Descriptor, source: ByteSource, call: PushOptions): Promise<void> {
    const { digest } = descriptor;
    if ((await size(digest)) === descriptor.size) return;
    const path = blobPath(root, digest);
    makeDirectories(dirname(path), { durable: true, fileSystem });
    const file = openAtomicStream(path, { mode: 0o444, ...fileOptions });
    try {
      const counted = countedSource(source, call.onProgress)();
      const check = call.checked === true ? sizedStream : verifiedStream;
      for await (const chunk of check(counted, descriptor, label, call.signal)) await file.write(chunk);
      if (grouped && descriptor.size <= SMALL_BYTES) {
        await file.flush();
        waiting.set(digest, { file, size: descriptor.size, path });
      } else await file.commit();
    } catch (error) {
      await file.abort();
      throw error;
    }
  }

  return {
    size,
    async *read(digest) {
      const held = waiting.get(digest)?.file.temporaryPath;
      try {
        yield* filePieces(held ?? blobPath(root, digest));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        if (held === undefined) throw new ProvError('OCI_CONTENT_MISSING', { digest, where: label });
        // It was flushed before it could be opened.
        yield* filePieces(blobPath(root, digest));
      }
    },
    write: (descriptor, source, call = {}) =>
      writes.run(descriptor.digest, (shared) => writeOnce(descriptor, source, { ...call, ...shared }), call),
    isFull: () => waiting.size >= MOST_WAITING,
    async flush() {
      const blobs = [...waiting];
      if (blobs.length === 0) return;
      const completed = await Promise.allSettled(blobs.map(([, { file }]) => file.complete()));
      for (const each of completed) if (each.status === 'rejected') throw each.reason;
      for (const [digest, { file }] of blobs) {
        file.place();
        waiting.delete(digest);
      }
      for (const directory of new Set(blobs.map(([, { path }]) => dirname(path)))) {
        try {
          await fsyncDirectoryLater(directory, fileSystem);
        } catch (error) {
          throw writeError(directory, error);
        }
      }
    },
    async discard() {
      const blobs = [...waiting.values()];
      waiting.clear();
      await Promise.all(blobs.map(({ file }) => file.abort()));
    },
  };
}

function blobPath(root: string, digest: Digest): string {
  return join(root, 'blobs', digestAlgorithm(digest), digestHex(digest));
}

function sizeOf(path: string): number | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats?.isFile() ? stats.size : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return undefined;
    throw readError(path, error);
  }
}
