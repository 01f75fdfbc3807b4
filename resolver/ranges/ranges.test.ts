import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareRanges } from '../testing/compare-ranges.js';
import { parsePoint } from './point.js';
import { complement, EVERY_VERSION, includes, intersects, isEmpty, isSubset, rangeSet } from './range-set.js';
import { VersionList } from './version-list.js';

const SEED = Number(process.env['PROV_SEED'] ?? 7);

test('bits and intervals are exactly what semver says, for 20,000 random pairs and their algebra', () => {
  compareRanges(SEED, 20_000);
});

test('versions that differ in build metadata are two bits in a fixed order', () => {
  const list = new VersionList(['1.0.0+b', '1.0.0+a', '0.9.0']);
  assert.deepEqual(list.versions, ['0.9.0', '1.0.0+a', '1.0.0+b']);
  assert.deepEqual([...list.select('1.0.0', false)], [0b1100]);
});

test('a range leaves out pre-releases whose triple it does not name, and its complement has them', () => {
  const set = rangeSet('^1.2.0');
  const beta = parsePoint('1.3.0-beta.1');
  assert.equal(includes(set, beta), false);
  assert.equal(includes(complement(set), beta), true);
  assert.equal(includes(rangeSet('^1.2.0', true), beta), true);
});

test('sets are empty, subsets or apart whatever versions there are', () => {
  assert.ok(isEmpty(rangeSet('<0.0.0-0')));
  assert.ok(isEmpty(rangeSet('>1.0.0 <1.0.1')), 'no release lies between two neighbours');
  assert.ok(!isEmpty(rangeSet('>1.0.0 <1.0.1', true)), '1.0.1-0 does');
  assert.ok(isSubset(rangeSet('~1.2.3'), rangeSet('^1')));
  assert.ok(!isSubset(rangeSet('^1'), rangeSet('~1.2.3')));
  assert.ok(!intersects(rangeSet('^1'), rangeSet('^2')));
  assert.deepEqual(rangeSet('<1.0.0 || >=1.0.0').releases, EVERY_VERSION.releases);
  assert.deepEqual(rangeSet('>=1.0.0 <2.0.0'), rangeSet('1.x'));
});
