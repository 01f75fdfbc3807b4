import type { IncomingHttpHeaders } from 'node:http';

/** A request as it arrived. */
export interface Seen {
  readonly method: string;
  /** Path and query, raw. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Bytes of the body that arrived. */
  received: number;
  /** What was answered; 0 when the connection was cut instead. */
  status: number;
}

/** An answer before it is sent. */
export interface Planned {
  status: number;
  headers: Record<string, string | string[]>;
  body: Buffer;
}

/** What goes wrong for a request that a fault matches. */
export type Misbehaviour =
  /** Answers with this and does nothing else. */
  | { readonly answer: Partial<Planned> | ((seen: Seen) => Partial<Planned>) }
  /** Does the work, then changes the answer. */
  | { readonly change: (planned: Planned, seen: Seen) => void }
  /** Does the work, sends this many bytes of the answer's body and cuts the connection. */
  | { readonly cutAnswerAfter: number; readonly happened?: () => void }
  /** Reads this many bytes of the request's body and cuts the connection; what came in is kept by an upload. */
  | { readonly cutRequestAfter: number; readonly happened?: () => void }
  /** Never answers. */
  | { readonly hang: true }
  /** Sends this many bytes of the body, then nothing. */
  | { readonly stallAfter: number }
  /** Sends the body one byte at a time, with this pause before each. */
  | { readonly dripEveryMs: number }
  /** Writes these texts instead of an answer, as they are, until there are no more or nobody listens. */
  | { readonly raw: () => Iterable<string> };

export interface Fault {
  readonly method?: string;
  readonly path?: RegExp;
  /** Looks at the whole request, before its body is read. */
  readonly when?: (seen: Seen) => boolean;
  /** Matching requests that are left alone first. Default 0. */
  readonly after?: number;
  /** How many requests it hits. Default 1. */
  readonly times?: number;
  readonly does: Misbehaviour;
}

/** The faults still to happen, in order of their adding. */
export class Faults {
  #pending: { fault: Fault; skip: number; left: number }[] = [];

  add(fault: Fault): void {
    this.#pending.push({ fault, skip: fault.after ?? 0, left: fault.times ?? 1 });
  }

  take(seen: Seen): Misbehaviour | undefined {
    const { method, url } = seen;
    for (const each of this.#pending) {
      const { fault } = each;
      if (each.left === 0 || (fault.method ?? method) !== method || !(fault.path?.test(url) ?? true))
        continue;
      if (!(fault.when?.(seen) ?? true)) continue;
      if (each.skip > 0) {
        each.skip -= 1;
        continue;
      }
      each.left -= 1;
      return fault.does;
    }
    return undefined;
  }

  clear(): void {
    this.#pending = [];
  }
}

/** Numbers in [0, 1) that depend on the seed only (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
