import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { refused } from './entry-guard.js';

const CHUNK_BYTES = 256 * 1024;

/**
 * Uncompresses gzip in bounded memory; bytes without gzip's magic pass as they are. Other compressions are
 * refused, as is damaged gzip. Errors of the source pass through.
 * @throws OCI_UNPACK_REFUSED
 */
export async function* gunzipStream(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await firstBytes(iterator);
  const rest = resume(first, iterator);
  if (first[0] === 0x28 && first[1] === 0xb5)
    throw refused('(archive)', 'it is compressed with zstd; only gzip is read');
  if (first[0] !== 0x1f || first[1] !== 0x8b) {
    yield* rest;
    return;
  }
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const input = Readable.from(rest, { objectMode: false });
  let sourceError: unknown;
  input.once('error', (error) => {
    sourceError = error;
    gunzip.destroy(error);
  });
  try {
    for await (const chunk of input.pipe(gunzip)) yield chunk as Uint8Array;
  } catch (error) {
    if (sourceError !== undefined) throw sourceError;
    const { code } = error as NodeJS.ErrnoException;
    if (code?.startsWith('Z_')) throw refused('(archive)', `it is not valid gzip (${code})`, error);
    throw error;
  } finally {
    input.destroy();
    gunzip.destroy();
  }
}

async function firstBytes(iterator: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let joined = Buffer.alloc(0);
  while (joined.length < 2) {
    const next = await iterator.next();
    if (next.done) break;
    joined = Buffer.concat([joined, next.value]);
  }
  return joined;
}

async function* resume(first: Uint8Array, iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (first.length > 0) yield first;
    for (;;) {
      const next = await iterator.next();
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
