import semver from 'semver';
import { wordsFor } from '../solver/version-set.js';

/** A set over one package's versions, in the solver's layout (bit 0 = absent, bit i+1 = version i). */
export type VersionBits = Int32Array<ArrayBuffer>;

/**
 * The known versions of one package, ascending, and exact answers to "which of them are in this range".
 * Two binary searches a comparator list instead of one test a version.
 */
export class VersionList {
  readonly versions: readonly string[];
  readonly words: number;
  private readonly parsed: readonly semver.SemVer[];
  private readonly prereleases: readonly number[];
  private readonly cache = new Map<string, VersionBits>();

  constructor(versions: readonly string[]) {
    // Parsed once, not once a comparison: of a package with 1,000 versions that is most of the time.
    this.parsed = versions
      .map((version) => new semver.SemVer(version))
      .sort((a, b) => a.compare(b) || a.compareBuild(b));
    this.versions = this.parsed.map((version) => version.raw);
    this.words = wordsFor(versions.length);
    this.prereleases = this.parsed.flatMap((version, i) => (version.prerelease.length > 0 ? [i] : []));
  }

  /** The versions in an npm range (already in npm form), never with the absent bit. */
  select(range: string, includePrerelease: boolean): VersionBits {
    const key = includePrerelease ? `${range}+` : range;
    const known = this.cache.get(key);
    if (known !== undefined) return known;
    const bits = new Int32Array(this.words);
    for (const comparators of new semver.Range(range, { includePrerelease }).set) {
      this.addList(bits, comparators, includePrerelease);
    }
    this.cache.set(key, bits);
    return bits;
  }

  isPrerelease(version: number): boolean {
    return this.parsed[version]!.prerelease.length > 0;
  }

  hasPrereleases(): boolean {
    return this.prereleases.length > 0;
  }

  private addList(
    bits: VersionBits,
    comparators: readonly semver.Comparator[],
    includePrerelease: boolean,
  ): void {
    let low = 0;
    let high = this.versions.length;
    for (const { operator, semver: bound } of comparators) {
      // The comparator of `*` has no version: it bounds nothing.
      if (!(bound instanceof semver.SemVer)) continue;
      if (operator === '>=') low = Math.max(low, this.firstAtOrAbove(bound));
      else if (operator === '>') low = Math.max(low, this.firstAbove(bound));
      else if (operator === '<') high = Math.min(high, this.firstAtOrAbove(bound));
      else if (operator === '<=') high = Math.min(high, this.firstAbove(bound));
      else {
        low = Math.max(low, this.firstAtOrAbove(bound));
        high = Math.min(high, this.firstAbove(bound));
      }
    }
    const named = comparators.filter(
      ({ semver: bound }) => bound instanceof semver.SemVer && bound.prerelease.length > 0,
    );
    for (let v = low; v < high; v++) {
      const version = this.parsed[v]!;
      const eligible =
        includePrerelease ||
        version.prerelease.length === 0 ||
        named.some(({ semver: bound }) => isSameTriple(bound, version));
      if (eligible) bits[(v + 1) >>> 5]! |= 1 << ((v + 1) & 31);
    }
  }

  private firstAtOrAbove(bound: semver.SemVer): number {
    return this.search((version) => version.compare(bound) >= 0);
  }

  private firstAbove(bound: semver.SemVer): number {
    return this.search((version) => version.compare(bound) > 0);
  }

  private search(reached: (version: semver.SemVer) => boolean): number {
    let low = 0;
    let high = this.parsed.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (reached(this.parsed[middle]!)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function isSameTriple(a: semver.SemVer, b: semver.SemVer): boolean {
  return a.major === b.major && a.minor === b.minor && a.patch === b.patch;
}
