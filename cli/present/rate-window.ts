/** What was moved longer ago no longer counts. */
const WINDOW_MS = 5000;
/** A rate over less time than this says nothing. */
const SHORTEST_MS = 300;
/** Samples closer together than this are one. */
const GRAIN_MS = 50;

/** Bytes a second over the last seconds, from amounts as they come. */
export class RateWindow {
  readonly #now: () => number;
  readonly #started: number;
  #samples: { readonly at: number; bytes: number }[] = [];

  constructor(now: () => number) {
    this.#now = now;
    this.#started = now();
  }

  add(bytes: number): void {
    const now = this.#now();
    const last = this.#samples.at(-1);
    if (last !== undefined && now - last.at < GRAIN_MS) last.bytes += bytes;
    else this.#samples.push({ at: now, bytes });
    this.#forget(now);
  }

  /** Undefined until there is something to go by. */
  perSecond(): number | undefined {
    const now = this.#now();
    this.#forget(now);
    const span = Math.min(WINDOW_MS, now - this.#started);
    if (span < SHORTEST_MS) return undefined;
    return (this.#samples.reduce((sum, { bytes }) => sum + bytes, 0) * 1000) / span;
  }

  #forget(now: number): void {
    this.#samples = this.#samples.filter(({ at }) => now - at <= WINDOW_MS);
  }
}
