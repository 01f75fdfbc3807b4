import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectories, writeError } from '#base';

/** Content up to this size is held in memory. */
const MEMORY_BYTES = 8 * 1024 * 1024;
const READ_BYTES = 256 * 1024;

/**
 * Takes a stream to its end before anyone sees a byte of it, so that content that turns out wrong can still
 * be fetched elsewhere: small content in memory, larger content in a file without a name.
 * @throws BASE_DISK_FULL, BASE_FILE_UNWRITABLE; what the stream throws
 */
export async function spool(
  stream: AsyncIterable<Uint8Array>,
  size: number,
  directory: string,
): Promise<AsyncIterable<Uint8Array>> {
  if (size <= MEMORY_BYTES) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return each(chunks);
  }
  const path = join(directory, randomBytes(12).toString('hex'));
  const file = await create(path, directory);
  try {
    for await (const chunk of stream) {
      try {
        await file.writeFile(chunk);
      } catch (error) {
        throw writeError(path, error);
      }
    }
    return readBack(file, path);
  } catch (error) {
    await file.close();
    await rm(path, { force: true });
    throw error;
  }
}

async function create(path: string, directory: string): Promise<FileHandle> {
  try {
    makeDirectories(directory, { mode: 0o700 });
    const file = await open(path, 'wx+', 0o600);
    // Gone with the process, whatever becomes of it.
    if (process.platform !== 'win32') await rm(path, { force: true });
    return file;
  } catch (error) {
    throw writeError(path, error);
  }
}

async function* readBack(file: FileHandle, path: string): AsyncGenerator<Uint8Array> {
  try {
    for (let position = 0; ; ) {
      const buffer = Buffer.allocUnsafe(READ_BYTES);
      const { bytesRead } = await file.read(buffer, 0, READ_BYTES, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
}

async function* each(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
