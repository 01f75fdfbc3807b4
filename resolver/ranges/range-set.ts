import semver from 'semver';
import {
  complementOf,
  type Interval,
  type IntervalSet,
  includesPoint,
  intersectionOf,
  intervalSet,
  unionOf,
} from './interval-set.js';
import { comparePoints, type Point, pointOf } from './point.js';

/**
 * An npm range as a set of versions, exactly, before any version is known. A pre-release is in a range only
 * where the range names its triple, so the set is no union of intervals over all versions: it is one union
 * over the releases and one over the pre-releases. Closed under every operation; equal sets look equal.
 */
export interface RangeSet {
  /** Bounds are releases. */
  readonly releases: IntervalSet;
  /** Bounds are pre-releases: after `x` comes `x.0`, after all of a triple the next patch's `0`. */
  readonly prereleases: IntervalSet;
}

const FIRST: Point = { major: 0, minor: 0, patch: 0 };
const FIRST_PRERELEASE: Point = { ...FIRST, pre: [0] };
export const EVERY_VERSION: RangeSet = {
  releases: [{ low: FIRST, high: undefined }],
  prereleases: [{ low: FIRST_PRERELEASE, high: undefined }],
};

/** The set of a range in npm form. @throws TypeError when it is no range. */
export function rangeSet(range: string, includePrerelease = false): RangeSet {
  const releases: Interval[] = [];
  const prereleases: Interval[] = [];
  for (const comparators of new semver.Range(range, { includePrerelease }).set) {
    const named: Point[] = [];
    let release: Interval = EVERY_VERSION.releases[0]!;
    let prerelease: Interval = EVERY_VERSION.prereleases[0]!;
    for (const { operator, semver: version } of comparators) {
      // The comparator of `*` has no version: it bounds nothing.
      if (!(version instanceof semver.SemVer)) continue;
      const point = pointOf(version);
      if (point.pre !== undefined) named.push(point);
      const lower = operator === '' || operator === '=' || operator.startsWith('>');
      const upper = operator === '' || operator === '=' || operator.startsWith('<');
      if (lower) {
        release = higherLow(release, releaseBound(point, operator === '>'));
        prerelease = higherLow(prerelease, prereleaseBound(point, operator === '>'));
      }
      if (upper) {
        release = lowerHigh(release, releaseBound(point, operator !== '<'));
        prerelease = lowerHigh(prerelease, prereleaseBound(point, operator !== '<'));
      }
    }
    releases.push(release);
    if (includePrerelease) prereleases.push(prerelease);
    else for (const point of named) prereleases.push(withinTriple(prerelease, point));
  }
  return { releases: intervalSet(releases), prereleases: intervalSet(prereleases) };
}

export function union(a: RangeSet, b: RangeSet): RangeSet {
  return {
    releases: unionOf(a.releases, b.releases),
    prereleases: unionOf(a.prereleases, b.prereleases),
  };
}

export function intersection(a: RangeSet, b: RangeSet): RangeSet {
  return {
    releases: intersectionOf(a.releases, b.releases),
    prereleases: intersectionOf(a.prereleases, b.prereleases),
  };
}

export function complement({ releases, prereleases }: RangeSet): RangeSet {
  return {
    releases: complementOf(releases, FIRST),
    prereleases: complementOf(prereleases, FIRST_PRERELEASE),
  };
}

export function isEmpty({ releases, prereleases }: RangeSet): boolean {
  return releases.length === 0 && prereleases.length === 0;
}

export function intersects(a: RangeSet, b: RangeSet): boolean {
  return !isEmpty(intersection(a, b));
}

/** Whether every version of `inner` is in `outer`. */
export function isSubset(inner: RangeSet, outer: RangeSet): boolean {
  return isEmpty(intersection(inner, complement(outer)));
}

export function includes({ releases, prereleases }: RangeSet, point: Point): boolean {
  return includesPoint(point.pre === undefined ? releases : prereleases, point);
}

function higherLow({ low, high }: Interval, bound: Point): Interval {
  return { low: comparePoints(low, bound) < 0 ? bound : low, high };
}

function lowerHigh({ low, high }: Interval, bound: Point): Interval {
  return { low, high: high === undefined || comparePoints(bound, high) < 0 ? bound : high };
}

/** The first release at or (`after`) after a point. */
function releaseBound({ major, minor, patch, pre }: Point, after: boolean): Point {
  return { major, minor, patch: after && pre === undefined ? patch + 1 : patch };
}

/** The first pre-release at or after a point. */
function prereleaseBound({ major, minor, patch, pre }: Point, after: boolean): Point {
  if (pre === undefined) return { major, minor, patch: patch + 1, pre: [0] };
  return { major, minor, patch, pre: after ? [...pre, 0] : pre };
}

function withinTriple(interval: Interval, { major, minor, patch }: Point): Interval {
  const first = { major, minor, patch, pre: [0] };
  return lowerHigh(higherLow(interval, first), { ...first, patch: patch + 1 });
}
