import { ProvError } from '#base';
import type { RequestBody } from './http/request-body.js';

/** Bytes of one PATCH: at most this much is sent twice after a failure. */
export const CHUNK_BYTES = 8 * 1024 * 1024;

/**
 * Reads a replayable source in chunks from any offset. The current chunk stays in memory, so going on
 * inside it costs nothing; going back before it reads the source again.
 */
export class ChunkReader {
  readonly #body: RequestBody;
  #iterator: AsyncIterator<Uint8Array> | undefined;
  #position = 0;
  #rest: Uint8Array = new Uint8Array(0);
  #chunk: Uint8Array = new Uint8Array(0);
  /** Every chunk stands in here: the one before was answered when the next is read. */
  #buffer = Buffer.alloc(0);
  #chunkStart = 0;

  constructor(body: RequestBody) {
    this.#body = body;
  }

  /**
   * Up to `length` bytes from `offset`, fewer only at the end or inside the chunk already held, and there
   * not fewer than `least`.
   * @throws OCI_SIZE_MISMATCH when the source ends before its stated size.
   */
  async read(offset: number, length: number, least = 1): Promise<Uint8Array> {
    const inside = offset - this.#chunkStart;
    const wanted = Math.min(length, this.#body.size - offset);
    const isHeld = inside >= 0 && inside < this.#chunk.byteLength;
    const held = isHeld ? this.#chunk.subarray(inside, inside + length) : new Uint8Array(0);
    if (isHeld && held.byteLength >= Math.min(least, wanted)) return held;
    if (this.#iterator === undefined || offset + held.byteLength < this.#position) await this.#restart();
    if (this.#buffer.byteLength < wanted) this.#buffer = Buffer.allocUnsafeSlow(wanted);
    const buffer = this.#buffer.subarray(0, wanted);
    let filled = this.#position > offset ? held.byteLength : 0;
    buffer.set(held.subarray(0, filled));
    while (this.#position < offset) {
      const part = await this.#next(offset - this.#position);
      if (part === undefined) throw this.#short();
    }
    while (filled < wanted) {
      const part = await this.#next(wanted - filled);
      if (part === undefined) throw this.#short();
      buffer.set(part, filled);
      filled += part.byteLength;
    }
    this.#chunk = buffer;
    this.#chunkStart = offset;
    return buffer;
  }

  async close(): Promise<void> {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    this.#chunk = new Uint8Array(0);
    await iterator?.return?.();
  }

  async #restart(): Promise<void> {
    await this.close();
    this.#iterator = this.#body.source()[Symbol.asyncIterator]();
    this.#position = 0;
    this.#rest = new Uint8Array(0);
  }

  async #next(atMost: number): Promise<Uint8Array | undefined> {
    while (this.#rest.byteLength === 0) {
      const { done, value } = await this.#iterator!.next();
      if (done) return undefined;
      this.#rest = value;
    }
    const part = this.#rest.subarray(0, atMost);
    this.#rest = this.#rest.subarray(part.byteLength);
    this.#position += part.byteLength;
    return part;
  }

  #short(): ProvError {
    const { digest, size } = this.#body;
    return new ProvError('OCI_SIZE_MISMATCH', {
      digest,
      where: 'the source',
      actual: this.#position,
      expected: size,
    });
  }
}
