import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { isRange } from '#schemas';
import { compareRanges } from '../testing/compare-ranges.js';
import { parsePoint } from './point.js';
import { includes, intersects, rangeSet } from './range-set.js';

const PAIRS = 400_000;
const SEED = Number(process.env['PROV_SEED'] ?? 1);

test(`bits and intervals are exactly what semver says, for ${PAIRS} random pairs and their algebra`, (context) => {
  context.diagnostic(`seed ${SEED}`);
  compareRanges(SEED, PAIRS);
});

type Row = readonly [range: string, version: string, options?: object | boolean];

test('the rows of semver itself hold, where its package ships them', (context) => {
  const require = createRequire(import.meta.url);
  const fixtures = new URL('test/fixtures/', `file://${require.resolve('semver/package.json')}`).pathname;
  if (!existsSync(fixtures)) return context.skip('the installed semver ships no fixtures');
  const rows = (name: string): readonly Row[] => require(`${fixtures}${name}.js`) as readonly Row[];
  for (const [file, expected] of [
    ['range-include', true],
    ['range-exclude', false],
  ] as const) {
    for (const [range, version, options] of rows(file)) {
      if (options !== undefined || !isRange(range)) continue;
      assert.equal(includes(rangeSet(range), parsePoint(version)), expected, `${version} in ${range}`);
    }
  }
  for (const [a, b, meet] of rows('range-intersection') as unknown as [string, string, boolean][])
    assert.equal(intersects(rangeSet(a), rangeSet(b)), meet, `${a} and ${b}`);
});
