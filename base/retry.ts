import { setTimeout as sleep } from 'node:timers/promises';

export interface RetryOptions {
  /** Tries in all, the first included. Default 5. */
  readonly attempts?: number;
  /** First delay in milliseconds, doubled each time. Default 250. */
  readonly baseDelayMs?: number;
  /** Longest delay in milliseconds. Default 30,000. */
  readonly maxDelayMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether to try again after this error, and after how long when the server said so (milliseconds). */
  readonly shouldRetry: (error: unknown, attempt: number) => boolean | { afterMs: number };
  readonly onRetry?: (error: unknown, attempt: number, delayMs: number) => void;
  /** A number in [0, 1): jitter. Tests pass a seeded one. */
  readonly random?: () => number;
}

export const RETRY_DEFAULTS = { attempts: 5, baseDelayMs: 250, maxDelayMs: 30_000 } as const;

/** Runs `action` until it succeeds, is not worth retrying, or the attempts are used up; throws the last error. */
export async function retry<T>(action: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const attempts = options.attempts ?? RETRY_DEFAULTS.attempts;
  const base = options.baseDelayMs ?? RETRY_DEFAULTS.baseDelayMs;
  const cap = options.maxDelayMs ?? RETRY_DEFAULTS.maxDelayMs;
  const random = options.random ?? Math.random;
  for (let attempt = 1; ; attempt += 1) {
    options.signal?.throwIfAborted();
    try {
      return await action(attempt);
    } catch (error) {
      if (attempt >= attempts || options.signal?.aborted) throw error;
      const verdict = options.shouldRetry(error, attempt);
      if (verdict === false) throw error;
      const backoff = Math.min(cap, base * 2 ** (attempt - 1)) * (0.5 + random() / 2);
      const delayMs = verdict === true ? backoff : verdict.afterMs + random() * base;
      options.onRetry?.(error, attempt, delayMs);
      await sleep(delayMs, undefined, { signal: options.signal });
    }
  }
}
