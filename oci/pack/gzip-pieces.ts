import { availableParallelism } from 'node:os';
import { setImmediate as breathe } from 'node:timers/promises';
import { crc32 } from 'node:zlib';

/**
 * Bytes of input that are deflated for themselves, so that several threads can work at once and one digest
 * results whatever their number. Part of the format.
 */
export const PIECE_BYTES = 1024 * 1024;
/** Below this the start of threads costs more than they save. */
const THREADS_FROM_BYTES = 4 * PIECE_BYTES;
/** More than this waits for the one thread that reads and hashes. */
const MAX_THREADS = 4;
/** Without threads, others get their turn after this many bytes: about 10 ms. */
const BREATHE_BYTES = 256 * 1024;
/** Magic, deflate, no flags, mtime 0, no extra flags, operating system "unknown". @see RFC 1952, 2.3.1 */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);

export interface GzipOptions {
  /** About how many bytes will come: decides whether threads are worth their start, not what comes out. */
  readonly expectedBytes: number;
}

/**
 * Gzips with the same result on every machine and Node version: one member, whose deflate stream is made of
 * pieces that are compressed independently by a pinned compressor. `pieces` are all PIECE_BYTES long but the
 * last, and are given away: each stands in a buffer of its own that the caller no longer uses.
 */
export async function* gzipPieces(
  pieces: Iterable<Uint8Array<ArrayBuffer>> | AsyncIterable<Uint8Array<ArrayBuffer>>,
  { expectedBytes }: GzipOptions,
): AsyncGenerator<Uint8Array> {
  const { loadDeflateModule } = await import('./deflate-module.js');
  const module = loadDeflateModule();
  const sum = { checksum: 0, bytes: 0 };
  const threads = expectedBytes < THREADS_FROM_BYTES ? 1 : Math.min(MAX_THREADS, availableParallelism());
  yield HEADER;
  const counted = marked(pieces, sum);
  yield* threads === 1 ? deflateHere(counted, module) : deflateInThreads(counted, module, threads);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(sum.checksum, 0);
  trailer.writeUInt32LE(sum.bytes % 2 ** 32, 4);
  yield trailer;
}

interface MarkedPiece {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly last: boolean;
}

/** Counts and sums the pieces, and says which is the last. */
async function* marked(
  pieces: Iterable<Uint8Array<ArrayBuffer>> | AsyncIterable<Uint8Array<ArrayBuffer>>,
  sum: { checksum: number; bytes: number },
): AsyncGenerator<MarkedPiece> {
  let held: Uint8Array<ArrayBuffer> | undefined;
  for await (const piece of pieces) {
    sum.checksum = crc32(piece, sum.checksum);
    sum.bytes += piece.byteLength;
    if (held !== undefined) yield { bytes: held, last: false };
    held = piece;
  }
  yield { bytes: held ?? new Uint8Array(0), last: true };
}

async function* deflateHere(
  pieces: AsyncIterable<MarkedPiece>,
  module: WebAssembly.Module,
): AsyncGenerator<Uint8Array> {
  const { withPieceDeflater } = await import('./deflate-module.js');
  yield* withPieceDeflater(module, async function* deflate(deflater) {
    for await (const { bytes, last } of pieces) {
      for (let at = 0; at < bytes.byteLength; at += BREATHE_BYTES) {
        yield deflater.write(bytes.subarray(at, at + BREATHE_BYTES));
        if (at + BREATHE_BYTES < bytes.byteLength) await breathe();
      }
      yield deflater.write(new Uint8Array(0), { last });
    }
  });
}

async function* deflateInThreads(
  pieces: AsyncIterable<MarkedPiece>,
  module: WebAssembly.Module,
  count: number,
): AsyncGenerator<Uint8Array> {
  const { startDeflateThreads } = await import('./deflate-threads.js');
  const threads = startDeflateThreads(module, count);
  const ready: Promise<Uint8Array>[] = [];
  try {
    for await (const { bytes, last } of pieces) {
      const deflated = threads.deflate(bytes, last);
      // Whoever takes it hears of its failure; until then it must not count as unheard.
      deflated.catch(() => {});
      ready.push(deflated);
      if (ready.length >= threads.depth) yield await ready.shift()!;
    }
    for (const each of ready) yield await each;
  } finally {
    await threads.close();
  }
}
