const MAX_SECONDS = 365 * 24 * 3600;

/**
 * Milliseconds of a `Retry-After` header in either form, undefined when there is none that can be read.
 * @see RFC 9110, section 10.2.3
 */
export function parseRetryAfter(value: string | undefined, nowMs: number = Date.now()): number | undefined {
  const text = value?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^\d+$/.test(text)) return Math.min(Number(text), MAX_SECONDS) * 1000;
  const date = /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, Math.min(date - nowMs, MAX_SECONDS * 1000));
}
