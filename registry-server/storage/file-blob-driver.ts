import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type Digest,
  digestAlgorithm,
  digestFile,
  digestHex,
  fsyncDirectoryLater,
  makeDirectories,
  nodeFileSystem,
  writeError,
  writePieces,
} from '#base';
import type { BlobDriver, BlobReader, StagedBlob } from './blob-driver.js';

const HASH_READ_BYTES = 256 * 1024;

/** Blobs as files: `blobs/sha256/ab/abcd…`, unfinished ones as `uploads/<id>`. */
export async function openFileBlobDriver(directory: string): Promise<BlobDriver> {
  const uploads = join(directory, 'uploads');
  const durable = new Set<string>();
  await makeDurable(uploads, durable);
  const pathOf = (digest: Digest) => {
    const hex = digestHex(digest);
    return join(directory, 'blobs', digestAlgorithm(digest), hex.slice(0, 2), hex);
  };
  const stagedPath = (id: string) => join(uploads, id);
  return {
    open: (digest) => openReader(pathOf(digest)),
    size: (digest) => sizeOf(pathOf(digest)),
    stage: (id) => openStaged(stagedPath(id)),
    stagedSize: async (id) => (await sizeOf(stagedPath(id))) ?? 0,
    async digestStaged(id, algorithm, signal) {
      return (await digestFile(stagedPath(id), algorithm, signal)).digest;
    },
    async replayStaged(id, update) {
      for await (const chunk of createReadStream(stagedPath(id), { highWaterMark: HASH_READ_BYTES })) {
        update(chunk as Buffer);
      }
    },
    async publish(id, digest) {
      const target = pathOf(digest);
      await guard(target, async () => {
        await makeDurable(dirname(target), durable);
        await rename(stagedPath(id), target);
        await fsyncDirectoryLater(dirname(target));
      });
    },
    discard: (id) => rm(stagedPath(id), { force: true }),
    staged: () => readdir(uploads),
  };
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await ignoreMissing(stat(path)))?.size;
}

async function openReader(path: string): Promise<BlobReader | undefined> {
  const file = await ignoreMissing(open(path, 'r'));
  if (file === undefined) return undefined;
  const { size } = await file.stat();
  return {
    size,
    read: async (into, position) => (await file.read(into, 0, into.byteLength, position)).bytesRead,
    close: () => file.close(),
  };
}

async function openStaged(path: string): Promise<StagedBlob> {
  const file = await guard(path, () => open(path, 'a+', 0o644));
  let size = (await file.stat()).size;
  return {
    get size() {
      return size;
    },
    async append(chunks) {
      try {
        size += await writeAll(file, chunks);
      } catch (error) {
        await file.truncate(size);
        throw writeError(path, error);
      }
    },
    sync: () => guard(path, () => file.sync()),
    close: () => file.close(),
  };
}

async function writeAll(file: FileHandle, chunks: readonly Uint8Array[]): Promise<number> {
  await writePieces(nodeFileSystem, file.fd, chunks);
  return chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
}

/** Creates `path` with its parents so that the names survive a power cut; remembers what it has done. */
async function makeDurable(path: string, known: Set<string>): Promise<void> {
  if (known.has(path)) return;
  for (const made of makeDirectories(path)) await fsyncDirectoryLater(dirname(made));
  known.add(path);
}

async function ignoreMissing<T>(action: Promise<T>): Promise<T | undefined> {
  try {
    return await action;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function guard<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw writeError(path, error);
  }
}
