import type { IncomingHttpHeaders } from 'node:http';

/** What a registry says about the requests it still takes. */
export interface RateLimit {
  /** Requests left. */
  readonly remaining: number | undefined;
  /** Until there are more again. */
  readonly resetMs: number | undefined;
}

const YEAR_S = 365 * 24 * 3600;

/**
 * Reads `RateLimit-Remaining` and `RateLimit-Reset`, with or without `X-` and in Docker Hub's form
 * (`76;w=21600`). A reset may be seconds from now or a point in time.
 * @see IETF draft-ietf-httpapi-ratelimit-headers-03
 */
export function parseRateLimit(headers: IncomingHttpHeaders, nowMs: number = Date.now()): RateLimit {
  const first = (...names: readonly string[]) =>
    names
      .map((name) => /^\s*(\d+)/.exec(String(headers[name] ?? ''))?.[1])
      .find((each) => each !== undefined);
  const remaining = first('ratelimit-remaining', 'x-ratelimit-remaining');
  const reset = first('ratelimit-reset', 'x-ratelimit-reset');
  const seconds =
    reset === undefined ? undefined : Number(reset) > YEAR_S ? Number(reset) - nowMs / 1000 : Number(reset);
  return {
    remaining: remaining === undefined ? undefined : Number(remaining),
    resetMs: seconds === undefined ? undefined : Math.min(Math.max(0, seconds), YEAR_S) * 1000,
  };
}
