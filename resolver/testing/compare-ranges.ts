import assert from 'node:assert/strict';
import semver from 'semver';
import { parsePoint } from '../ranges/point.js';
import {
  complement,
  includes,
  intersection,
  intersects,
  isEmpty,
  isSubset,
  rangeSet,
  union,
} from '../ranges/range-set.js';
import { VersionList } from '../ranges/version-list.js';
import { hasVersion } from '../solver/version-set.js';
import { randomRange, randomVersion } from './random-range.js';
import { randomSource } from './random-universe.js';

const RANGES_A_LIST = 10;
const VERSIONS_A_LIST = 40;

/** Holds both forms of ranges against `semver` for `pairs` random pairs of range and version, then their algebra. */
export function compareRanges(seed: number, pairs: number): void {
  const below = randomSource(seed);
  for (let done = 0; done < pairs; ) {
    const list = new VersionList([
      ...new Set(Array.from({ length: VERSIONS_A_LIST }, () => randomVersion(below))),
    ]);
    const points = list.versions.map(parsePoint);
    const ranges = Array.from({ length: RANGES_A_LIST }, () => randomRange(below)).filter(
      (range) => semver.validRange(range) !== null,
    );
    for (const includePrerelease of [false, true]) {
      const sets = ranges.map((range) => rangeSet(range, includePrerelease));
      const members = ranges.map((range, r) => {
        const parsed = new semver.Range(range, { includePrerelease });
        const bits = list.select(range, includePrerelease);
        assert.equal(bits[0]! & 1, 0);
        return list.versions.map((version, v) => {
          const expected = parsed.test(version);
          const about = `seed ${seed}: ${version} in ${range}, includePrerelease ${includePrerelease}`;
          assert.equal(hasVersion(bits, 0, v), expected, about);
          assert.equal(includes(sets[r]!, points[v]!), expected, `symbolic, ${about}`);
          return expected;
        });
      });
      done += ranges.length * list.versions.length;
      for (let r = 0; r + 1 < ranges.length; r++) {
        const [a, b] = [sets[r]!, sets[r + 1]!];
        const about = `seed ${seed}: ${ranges[r]} and ${ranges[r + 1]}, includePrerelease ${includePrerelease}`;
        const [both, either, not] = [intersection(a, b), union(a, b), complement(a)];
        points.forEach((point, v) => {
          const [inA, inB] = [members[r]![v]!, members[r + 1]![v]!];
          assert.equal(includes(both, point), inA && inB, about);
          assert.equal(includes(either, point), inA || inB, about);
          assert.equal(includes(not, point), !inA, about);
          if (inA && inB) assert.ok(intersects(a, b), about);
          if (inA && !inB) assert.ok(!isSubset(a, b), about);
        });
        assert.deepEqual(complement(not), a, about);
        assert.deepEqual(complement(either), intersection(not, complement(b)), about);
        assert.equal(isSubset(a, b), isEmpty(intersection(a, complement(b))), about);
        assert.ok(isSubset(both, a) && isSubset(a, either), about);
        // semver's own `subset` guesses with pre-releases among the bounds, and does not see empty lists.
        const plain = [ranges[r]!, ranges[r + 1]!].every(
          (range) => !new semver.Range(range).range.includes('-'),
        );
        if (plain && semver.subset(ranges[r]!, ranges[r + 1]!, { includePrerelease }))
          assert.ok(isSubset(a, b), about);
      }
    }
  }
}
