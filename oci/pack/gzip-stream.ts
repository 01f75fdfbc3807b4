import { crc32 } from 'node:zlib';

/** Bytes given to the compressor at a time. Part of the format: another value gives other bytes. */
const CHUNK_BYTES = 64 * 1024;
/** Deflate level 6: level 9 costs twice the time for one percent. Part of the format. */
const LEVEL = 6;
/** Size of fflate's hash tables, fixed so that it is not derived from the input. Part of the format. */
const MEMORY = 8;
/** Magic, deflate, no flags, mtime 0, no extra flags, operating system "unknown". @see RFC 1952, 2.3.1 */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);

/**
 * Gzips with the same result on every machine and Node version: a pinned compressor written in JavaScript,
 * fed in pieces of fixed size whatever the pieces of `chunks` are, in a header of our own. zlib's output,
 * by contrast, depends on the build.
 */
export async function* gzipStream(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { Deflate } = await import('fflate');
  let ready: Uint8Array[] = [];
  const deflate = new Deflate({ level: LEVEL, mem: MEMORY }, (data) => {
    if (data.length > 0) ready.push(data);
  });
  yield HEADER;
  let checksum = 0;
  let bytes = 0;
  for await (const piece of fixedPieces(chunks)) {
    checksum = crc32(piece, checksum);
    bytes += piece.byteLength;
    deflate.push(piece);
    yield* ready;
    ready = [];
  }
  deflate.push(new Uint8Array(0), true);
  yield* ready;
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(checksum, 0);
  trailer.writeUInt32LE(bytes % 2 ** 32, 4);
  yield trailer;
}

async function* fixedPieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let piece = new Uint8Array(CHUNK_BYTES);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.byteLength; ) {
      const take = Math.min(CHUNK_BYTES - filled, chunk.byteLength - offset);
      piece.set(chunk.subarray(offset, offset + take), filled);
      filled += take;
      offset += take;
      if (filled === CHUNK_BYTES) {
        yield piece;
        piece = new Uint8Array(CHUNK_BYTES);
        filled = 0;
      }
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}
