import { setTimeout as sleep } from 'node:timers/promises';

/** Spread of requests that all waited for the same moment, in milliseconds. */
const SPREAD_MS = 250;

/** A pause that one host asked for, kept by every request to it. */
export class Pace {
  #until = 0;

  pauseFor(ms: number): void {
    this.#until = Math.max(this.#until, Date.now() + ms);
  }

  async wait(signal?: AbortSignal): Promise<void> {
    const left = this.#until - Date.now();
    if (left > 0) await sleep(left + Math.random() * SPREAD_MS, undefined, { signal });
  }
}
