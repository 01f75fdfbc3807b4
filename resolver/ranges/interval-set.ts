import { comparePoints, type Point } from './point.js';

/** From `low` up to, not including, `high`; without `high` there is no upper bound. */
export interface Interval {
  readonly low: Point;
  readonly high: Point | undefined;
}

/** Ascending, apart from each other, none empty: equal sets are equal lists. */
export type IntervalSet = readonly Interval[];

/** The set of any intervals, in any order, empty and overlapping ones too. */
export function intervalSet(intervals: readonly Interval[]): IntervalSet {
  const sorted = intervals
    .filter(({ low, high }) => high === undefined || comparePoints(low, high) < 0)
    .sort((a, b) => comparePoints(a.low, b.low));
  const merged: Interval[] = [];
  for (const next of sorted) {
    const last = merged.at(-1);
    if (last === undefined || (last.high !== undefined && comparePoints(last.high, next.low) < 0)) {
      merged.push(next);
    } else if (last.high !== undefined && isBelow(last.high, next.high)) {
      merged[merged.length - 1] = { low: last.low, high: next.high };
    }
  }
  return merged;
}

export function unionOf(a: IntervalSet, b: IntervalSet): IntervalSet {
  return a.length === 0 ? b : b.length === 0 ? a : intervalSet([...a, ...b]);
}

export function intersectionOf(a: IntervalSet, b: IntervalSet): IntervalSet {
  const shared: Interval[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [left, right] = [a[i]!, b[j]!];
    const low = comparePoints(left.low, right.low) < 0 ? right.low : left.low;
    const high = isBelow(left.high, right.high) ? left.high : right.high;
    if (high === undefined || comparePoints(low, high) < 0) shared.push({ low, high });
    if (isBelow(left.high, right.high)) i++;
    else j++;
  }
  return shared;
}

/** Everything from `lowest` on that is not in the set. */
export function complementOf(set: IntervalSet, lowest: Point): IntervalSet {
  const rest: Interval[] = [];
  let low: Point | undefined = lowest;
  for (const interval of set) {
    if (low !== undefined && comparePoints(low, interval.low) < 0) rest.push({ low, high: interval.low });
    low = interval.high;
  }
  if (low !== undefined) rest.push({ low, high: undefined });
  return rest;
}

export function includesPoint(set: IntervalSet, point: Point): boolean {
  return set.some(
    ({ low, high }) =>
      comparePoints(low, point) <= 0 && (high === undefined || comparePoints(point, high) < 0),
  );
}

function isBelow(a: Point | undefined, b: Point | undefined): boolean {
  return a !== undefined && (b === undefined || comparePoints(a, b) < 0);
}
