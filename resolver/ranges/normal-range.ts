import { isRange, parseRange } from '#schemas';

/** Distinct ranges remembered; an index of thousands of versions repeats the same few hundred. */
const REMEMBERED = 20_000;
const memo = new Map<string, string | undefined>();

/** The npm form of a range as metadata writes it, or undefined when it is no range. */
export function normalRange(written: string): string | undefined {
  if (memo.has(written)) return memo.get(written);
  if (memo.size >= REMEMBERED) memo.clear();
  const normal = isRange(written) ? parseRange(written) : undefined;
  memo.set(written, normal);
  return normal;
}
