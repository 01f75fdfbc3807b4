import { CHUNK_BYTES } from './chunk-reader.js';

/** Bytes of one PATCH where small ones save nothing. */
const LARGE_CHUNK_BYTES = 64 * 1024 * 1024;
/** Chunks are not made smaller than this when a registry finds them too large. */
const SMALLEST_CHUNK_BYTES = 1024 * 1024;

/** What a registry turned out to be like; learned once, kept as long as its client. */
export class RegistryProfile {
  /** Takes `PATCH`. */
  chunks = true;
  /** Answers `POST …/uploads/?mount=` without `from`: a session at least. */
  anonymousMounts = true;
  /** Sets the tags of `PUT …?tag=a&tag=b`. Undefined until it was tried. */
  manyTags: boolean | undefined;
  /** Its `Range` stays at the first chunk though it keeps the data. */
  stickyRange = false;
  /** It takes no larger ones. */
  #largest = Number.POSITIVE_INFINITY;

  /** Bytes of one chunk: at least what the registry asks for, more where a break costs the whole upload anyway. */
  chunkBytes({ minimum, frail }: { readonly minimum: number; readonly frail: boolean }): number {
    const wanted = frail ? LARGE_CHUNK_BYTES : CHUNK_BYTES;
    return Math.max(Math.min(wanted, this.#largest), minimum);
  }

  /** Makes chunks smaller after a 413. False when they are as small as we make them. */
  shrinkChunks(tried: number): boolean {
    const next = tried > CHUNK_BYTES ? CHUNK_BYTES : Math.floor(tried / 2);
    if (next < SMALLEST_CHUNK_BYTES) return false;
    this.#largest = Math.min(this.#largest, next);
    return true;
  }
}
