import { ProvError } from '#base';

/** First and last byte, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The one range a `Range` header asks for, cut to `size`; undefined when it asks for none, for several,
 * or in another unit, which are all answered with the whole.
 * @throws REGISTRY_RANGE_INVALID @see RFC 9110, 14.2
 */
export function parseRangeHeader(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.replace(/\s/g, '') ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const [, from, to] = match;
  const range =
    from === ''
      ? { first: Math.max(0, size - Number(to)), last: size - 1 }
      : { first: Number(from), last: to === '' ? size - 1 : Math.min(Number(to), size - 1) };
  if (range.first > range.last || range.first >= size) {
    throw new ProvError('REGISTRY_RANGE_INVALID', { range: header, size });
  }
  return range;
}

/**
 * `Content-Range` of an upload's chunk: `start-end`, as the distribution-spec writes it.
 * @throws REGISTRY_REQUEST_INVALID
 */
export function parseChunkRange(header: string | undefined): { start: number; length: number } | undefined {
  if (header === undefined) return undefined;
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header.trim());
  if (match === null || Number(match[2]) < Number(match[1])) {
    throw new ProvError('REGISTRY_REQUEST_INVALID', { reason: `"${header}" is not a Content-Range` });
  }
  return { start: Number(match[1]), length: Number(match[2]) - Number(match[1]) + 1 };
}
