import type { FailureClass } from '../event-log/events.js';

export interface RetryPolicy {
  /** Tries in all, the first included. */
  readonly attempts: number;
  /** Milliseconds to wait before try `attempt + 1`; undefined = this class is not tried again. */
  readonly delayMs: (failure: FailureClass, attempt: number, retryAfterMs?: number) => number | undefined;
}

const SECOND = 1000;
/** Caps of the growing delays and the wait of a throttled call that names none, in milliseconds. */
const TRANSIENT_CAP_MS = 60 * SECOND;
const THROTTLED_MS = 60 * SECOND;
const AUTHENTICATION_MS = 5 * SECOND;
const FAILED_STEP_MS = 5 * SECOND;
const FAILED_CAP_MS = 30 * SECOND;

/**
 * How long to wait before trying again: transient 2^n s plus up to a second of chance (at most 60 s),
 * throttled as asked else 60 s, authentication once after 5 s, an unclassified or timed-out failure 5n s
 * (at most 30 s). Invalid input, conflicts, quotas and cancellations are not tried again.
 */
export function retryDelayMs(
  failure: FailureClass,
  attempt: number,
  options: { retryAfterMs?: number | undefined; random?: () => number } = {},
): number | undefined {
  switch (failure) {
    case 'transient':
      return Math.min(TRANSIENT_CAP_MS, 2 ** attempt * SECOND + (options.random ?? Math.random)() * SECOND);
    case 'throttled':
      return options.retryAfterMs ?? THROTTLED_MS;
    case 'authentication':
      return attempt === 1 ? AUTHENTICATION_MS : undefined;
    case 'failed':
    case 'timed_out':
    case 'killed':
      return Math.min(FAILED_CAP_MS, FAILED_STEP_MS * attempt);
    default:
      return undefined;
  }
}

/** Three tries, with the delays of `retryDelayMs`. */
export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 3,
  delayMs: (failure, attempt, retryAfterMs) => retryDelayMs(failure, attempt, { retryAfterMs }),
};
