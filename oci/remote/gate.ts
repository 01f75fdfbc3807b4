/** Lets at most `limit()` holders in at once, first come first served; the limit may change at any time. */
export class Gate {
  readonly #limit: () => number;
  readonly #queue: (() => void)[] = [];
  #held = 0;

  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /** Resolves with the function that lets the next one in; calling it twice does nothing. */
  async enter(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#queue.length === 0 && this.#held < this.#limit()) this.#held += 1;
    else await this.#wait(signal);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#held -= 1;
      this.#admit();
    };
  }

  #admit(): void {
    while (this.#queue.length > 0 && this.#held < this.#limit()) {
      this.#held += 1;
      this.#queue.shift()!();
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#queue.splice(this.#queue.indexOf(enter), 1);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#queue.push(enter);
    });
  }
}
