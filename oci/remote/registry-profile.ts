import { CHUNK_BYTES } from './chunk-reader.js';

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
  #chunk = CHUNK_BYTES;

  /** Bytes of one chunk, at least what the registry asks for. */
  chunkBytes(minimum: number): number {
    return Math.max(this.#chunk, minimum);
  }

  /** Halves the chunks after a 413. False when they are as small as we make them. */
  shrinkChunks(tried: number): boolean {
    const next = Math.floor(tried / 2);
    if (next < SMALLEST_CHUNK_BYTES) return false;
    this.#chunk = Math.min(this.#chunk, next);
    return true;
  }
}
