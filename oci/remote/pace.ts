import { setTimeout as sleep } from 'node:timers/promises';

/** Requests at once to a host that was not met before. */
export const START_CONCURRENCY = 4;
/** Spread of requests that all waited for the same moment, in milliseconds. */
const SPREAD_MS = 250;
/** Below this, waiting would look like hanging. */
const SLOWEST_PER_SECOND = 0.2;
/** A rate above this is no limit to us. */
const FASTEST_PER_SECOND = 2000;
/** A limit that was not met for this long is forgotten. */
const FORGET_MS = 5 * 60_000;
/** Of the rate that was too high, or of what was taken in the last second. */
const CUT = 0.85;
/** A rate is probed upwards this much a request, faster the longer nothing was refused: about one refusal in 300. */
const GROWTH = 0.0005;
const GROWTH_AFTER_MS = 10_000;
const WINDOW_MS = 1000;
/** What a first 429 is taken for at least: after few requests it says little, and one alone should not cost minutes. */
const FIRST_RATE = 20;

/**
 * How hard one host may be asked, learned from its answers and shared by every request to it. Requests at
 * once: doubled until the host first says 429 or 503, then halved each time and raised by one a round.
 * Requests a second: unlimited until a 429, then what the host took, probed slowly upwards. A `Retry-After`
 * stops all of them.
 */
export class Pace {
  #until = 0;
  #limit = START_CONCURRENCY;
  #starting = true;
  #cutAt = 0;
  #rate: number | undefined;
  #next = 0;
  #taken: number[] = [];

  /** Requests that may be under way at once. */
  get concurrency(): number {
    return Math.max(1, Math.floor(this.#limit));
  }

  /** Whether anything is known that the next client of this host should keep to. */
  get learned(): boolean {
    return this.#until > Date.now() || this.#rate !== undefined;
  }

  pauseFor(ms: number): void {
    this.#until = Math.max(this.#until, Date.now() + ms);
  }

  /** Resolves when the next request may go out. */
  async wait(signal?: AbortSignal): Promise<void> {
    for (;;) {
      const now = Date.now();
      const pause = this.#until - now;
      if (this.#rate === undefined) {
        if (pause <= 0) return;
        await sleep(pause + Math.random() * SPREAD_MS, undefined, { signal });
        continue;
      }
      const slot = Math.max(now, this.#next, this.#until);
      this.#next = slot + WINDOW_MS / this.#rate;
      if (slot > now) await sleep(slot - now, undefined, { signal });
      // A pause that began meanwhile is for this request too.
      if (this.#until <= Date.now()) return;
    }
  }

  /** The host did what a request asked, whatever it thinks of it. `max` bounds the requests at once. */
  accepted(max: number): void {
    const now = Date.now();
    this.#taken.push(now);
    if (this.#taken.length > FASTEST_PER_SECOND) this.#taken.shift();
    if (this.#limit < max) this.#limit += this.#starting ? 1 : 1 / this.#limit;
    if (this.#rate === undefined) return;
    const quietMs = now - this.#cutAt;
    this.#rate *= 1 + GROWTH * (1 + quietMs / GROWTH_AFTER_MS);
    if (this.#rate > FASTEST_PER_SECOND || quietMs > FORGET_MS) this.#rate = undefined;
  }

  /** The host has enough: `limited` when it said 429, false for 503. Refusals of one burst count once. */
  refused(sentAt: number, limited: boolean): void {
    const now = Date.now();
    if (sentAt <= this.#cutAt) return;
    this.#cutAt = now;
    this.#starting = false;
    this.#limit = Math.max(1, this.#limit / 2);
    if (!limited) return;
    this.#taken = this.#taken.filter((at) => at > now - WINDOW_MS);
    const measured = Math.max(1, this.#taken.length);
    const likely =
      this.#rate === undefined
        ? Math.max(FIRST_RATE, measured)
        : Math.min(this.#rate, Math.max(measured, this.#rate / 2));
    this.#rate = Math.max(SLOWEST_PER_SECOND, likely * CUT);
    this.#next = Math.max(this.#next, now + WINDOW_MS / this.#rate);
  }
}

const shared = new Map<string, { pace: Pace; holders: number }>();

/** The pace of a host (`https://host:port`), one for all clients in this process, until `release` is called. */
export function holdPace(origin: string): { readonly pace: Pace; release(): void } {
  const known = shared.get(origin) ?? { pace: new Pace(), holders: 0 };
  shared.set(origin, known);
  known.holders += 1;
  let held = true;
  return {
    pace: known.pace,
    release() {
      if (held) known.holders -= 1;
      held = false;
      if (known.holders === 0 && !known.pace.learned) shared.delete(origin);
    },
  };
}
