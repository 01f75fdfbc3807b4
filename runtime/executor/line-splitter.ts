const NEWLINE = 10;

/** Cuts bytes into lines of at most `limit` bytes; what a longer line has beyond that is dropped. */
export class LineSplitter {
  readonly #limit: number;
  readonly #onLine: (text: string, cut: boolean) => void;
  #parts: Uint8Array[] = [];
  #size = 0;
  #cut = false;

  constructor(limit: number, onLine: (text: string, cut: boolean) => void) {
    this.#limit = limit;
    this.#onLine = onLine;
  }

  push(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#take(chunk.subarray(start, end));
      this.#emit();
      start = end + 1;
    }
    this.#take(chunk.subarray(start));
  }

  /** Hands out the last line if it has no newline. */
  end(): void {
    if (this.#size > 0 || this.#cut) this.#emit();
  }

  #take(bytes: Uint8Array): void {
    const room = this.#limit - this.#size;
    if (bytes.byteLength > room) this.#cut = true;
    const kept = bytes.subarray(0, room);
    if (kept.byteLength === 0) return;
    this.#parts.push(kept);
    this.#size += kept.byteLength;
  }

  #emit(): void {
    const text = Buffer.concat(this.#parts).toString('utf8');
    const cut = this.#cut;
    this.#parts = [];
    this.#size = 0;
    this.#cut = false;
    this.#onLine(text.endsWith('\r') ? text.slice(0, -1) : text, cut);
  }
}
