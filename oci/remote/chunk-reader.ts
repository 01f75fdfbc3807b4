import { ProvError } from '#base';
import type { RequestBody } from './http/request-body.js';

/** Bytes of one PATCH: at most this much is sent twice after a failure, where a registry keeps what it has. */
export const CHUNK_BYTES = 8 * 1024 * 1024;
/** The network takes at most this much at once, so that progress is seen on a slow line. */
const PIECE_BYTES = 1024 * 1024;

export interface ChunkOptions {
  /** Smallest chunk that is of use, in bytes, except at the end. */
  readonly least?: number;
  readonly onSent?: RequestBody['onSent'];
}

/**
 * Gives a replayable source in chunks from any offset, each while it is read. The last 8 MiB that were given of the
 * current chunk stay in memory, so going on inside them costs nothing; going back before them reads the source again.
 */
export class ChunkReader {
  readonly #body: RequestBody;
  #iterator: AsyncIterator<Uint8Array> | undefined;
  /** Pieces from `#start` to `#end`, where the source has been read to. */
  #held: Uint8Array[] = [];
  #start = 0;
  #end = 0;
  #pulling: Promise<boolean> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #chunk = { start: 0, end: 0 };
  /** Counts the chunks: one that is given up must not go on. */
  #turn = 0;

  constructor(body: RequestBody) {
    this.#body = body;
  }

  /**
   * The `length` bytes from `offset`, as a body that reads them on the way; what is left of the chunk before when
   * `offset` lies in it, unless that is less than `least`. Only the latest chunk can be read.
   * @throws (while reading) OCI_SIZE_MISMATCH when the source ends before its stated size.
   */
  chunk(offset: number, length: number, options: ChunkOptions = {}): RequestBody {
    const { digest, size } = this.#body;
    const { least = 0, onSent } = options;
    const wanted = Math.min(size, offset + length);
    const inside =
      offset >= this.#chunk.start &&
      this.#chunk.end - offset >= Math.min(Math.max(1, least), wanted - offset);
    const end = inside ? Math.min(wanted, this.#chunk.end) : wanted;
    this.#chunk = { start: offset, end };
    return { size: end - offset, digest, onSent, source: () => this.#pieces(offset, end) };
  }

  async close(): Promise<void> {
    this.#turn += 1;
    const iterator = this.#iterator;
    this.#iterator = undefined;
    this.#held = [];
    await this.#pulling?.catch(() => undefined);
    await iterator?.return?.();
  }

  async *#pieces(offset: number, end: number): AsyncGenerator<Uint8Array> {
    this.#turn += 1;
    const turn = this.#turn;
    await this.#seek(offset, turn);
    let at = offset;
    for (let index = 0; at < end; ) {
      if (turn !== this.#turn) return;
      const piece = this.#held[index];
      if (piece === undefined) {
        if (!(await this.#pull())) throw this.#short();
        continue;
      }
      const from = index === 0 ? at - this.#start : 0;
      const part = piece.subarray(from, from + Math.min(end - at, PIECE_BYTES));
      at += part.byteLength;
      if (from + part.byteLength < piece.byteLength && at < end) {
        // A large piece goes in parts: it is cut, so that this is where the next one starts.
        this.#held.splice(
          index,
          1,
          piece.subarray(0, from + part.byteLength),
          piece.subarray(from + part.byteLength),
        );
      }
      index += 1;
      yield part;
      if (turn !== this.#turn) return;
      // The piece that was given last stays.
      while (index > 1 && at - this.#start > CHUNK_BYTES) {
        this.#drop();
        index -= 1;
      }
    }
    // While the registry makes up its answer, the next chunk begins to be read.
    if (turn === this.#turn && this.#end === end && end < this.#body.size)
      this.#pull().catch(() => undefined);
  }

  /** Holds nothing that lies before `offset`. */
  async #seek(offset: number, turn: number): Promise<void> {
    if (this.#iterator === undefined || offset < this.#start) await this.#restart();
    while (turn === this.#turn) {
      const first = this.#held[0];
      if (first !== undefined && this.#start + first.byteLength <= offset) {
        this.#drop();
      } else if (first === undefined && this.#end <= offset && offset < this.#body.size) {
        this.#start = this.#end;
        if (this.#end === offset) return;
        if (!(await this.#pull())) throw this.#short();
      } else return;
    }
  }

  #drop(): void {
    this.#start += this.#held.shift()?.byteLength ?? 0;
  }

  async #restart(): Promise<void> {
    const turn = this.#turn;
    await this.close();
    this.#turn = turn;
    this.#iterator = this.#body.source()[Symbol.asyncIterator]();
    this.#failure = undefined;
    this.#start = 0;
    this.#end = 0;
  }

  /** Reads one more piece; false at the end of the source. Whoever asks meanwhile gets the same one. */
  #pull(): Promise<boolean> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    const iterator = this.#iterator;
    this.#pulling ??= (async () => {
      try {
        const next = await iterator?.next();
        if (next === undefined || next.done) return false;
        if (iterator !== this.#iterator) return true;
        if (next.value.byteLength > 0) this.#held.push(next.value);
        this.#end += next.value.byteLength;
        return true;
      } catch (error) {
        if (iterator === this.#iterator) this.#failure = { error };
        throw error;
      } finally {
        this.#pulling = undefined;
      }
    })();
    return this.#pulling;
  }

  #short(): ProvError {
    const { digest, size } = this.#body;
    return new ProvError('OCI_SIZE_MISMATCH', {
      digest,
      where: 'the source',
      actual: this.#end,
      expected: size,
    });
  }
}
