import { type RangeSet, rangeSet } from './range-set.js';

/** Distinct ranges remembered; an index of thousands of versions repeats the same few hundred. */
const REMEMBERED = 20_000;
const memo = new Map<string, RangeSet>();

/** The set of a range in npm form, parsed once. */
export function parsedRange(range: string, includePrerelease: boolean): RangeSet {
  const key = includePrerelease ? `${range}+` : range;
  const known = memo.get(key);
  if (known !== undefined) return known;
  if (memo.size >= REMEMBERED) memo.clear();
  const parsed = rangeSet(range, includePrerelease);
  memo.set(key, parsed);
  return parsed;
}
