import semver from 'semver';
import { wordsFor } from '../solver/version-set.js';
import type { IntervalSet } from './interval-set.js';
import { parsedRange } from './parsed-range.js';
import { comparePoints, type Point, parsePoint } from './point.js';
import type { RangeSet } from './range-set.js';

/** A set over one package's versions, in the solver's layout (bit 0 = absent, bit i+1 = version i). */
export type VersionBits = Int32Array<ArrayBuffer>;

/**
 * The known versions of one package, ascending, and exact answers to "which of them are in this range": two
 * binary searches an interval instead of one test a version.
 */
export class VersionList {
  readonly versions: readonly string[];
  /** Where each of them was in the list it was made of. */
  readonly order: readonly number[];
  readonly words: number;
  private readonly points: readonly Point[];
  private readonly releases: readonly number[];
  private readonly prereleases: readonly number[];
  private readonly cache = new Map<string, VersionBits>();

  constructor(given: readonly string[]) {
    const points = given.map(parsePoint);
    const order = [...given.keys()];
    const compare = (a: number, b: number): number =>
      comparePoints(points[a]!, points[b]!) || semver.compareBuild(given[a]!, given[b]!);
    // Indexes come sorted more often than not.
    const isSorted = order.every((at) => at === 0 || compare(at - 1, at) <= 0);
    if (!isSorted) order.sort(compare);
    this.order = order;
    this.versions = isSorted ? given : order.map((at) => given[at]!);
    this.points = isSorted ? points : order.map((at) => points[at]!);
    this.words = wordsFor(given.length);
    const releases: number[] = [];
    const prereleases: number[] = [];
    for (const [v, { pre }] of this.points.entries()) (pre === undefined ? releases : prereleases).push(v);
    this.releases = releases;
    this.prereleases = prereleases;
  }

  /** The versions in an npm range (already in npm form), never with the absent bit. Not to be changed. */
  select(range: string, includePrerelease: boolean): VersionBits {
    const key = includePrerelease ? `${range}+` : range;
    const known = this.cache.get(key);
    if (known !== undefined) return known;
    const bits = this.within(parsedRange(range, includePrerelease));
    this.cache.set(key, bits);
    return bits;
  }

  /** The versions in a set. */
  within({ releases, prereleases }: RangeSet): VersionBits {
    const bits = new Int32Array(this.words);
    this.mark(bits, releases, this.releases);
    if (this.prereleases.length > 0) this.mark(bits, prereleases, this.prereleases);
    return bits;
  }

  isPrerelease(version: number): boolean {
    return this.points[version]!.pre !== undefined;
  }

  hasPrereleases(): boolean {
    return this.prereleases.length > 0;
  }

  private mark(bits: VersionBits, intervals: IntervalSet, track: readonly number[]): void {
    for (const { low, high } of intervals) {
      const end = high === undefined ? track.length : this.firstAt(high, track);
      for (let i = this.firstAt(low, track); i < end; i++) {
        const bit = track[i]! + 1;
        bits[bit >>> 5]! |= 1 << (bit & 31);
      }
    }
  }

  /** Where on a track the first version at or above a point is. */
  private firstAt(point: Point, track: readonly number[]): number {
    let low = 0;
    let high = track.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (comparePoints(this.points[track[middle]!]!, point) >= 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
