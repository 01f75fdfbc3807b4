import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  compareVersions,
  isRange,
  isVersion,
  MAX_VERSION_LENGTH,
  parseRange,
  parseVersion,
  rangeCovers,
  rangesIntersect,
  satisfies,
  tagToVersion,
  versionToTag,
} from './version.js';

test('a semantic version is itself', () => {
  for (const good of ['0.0.0', '1.2.3', '1.2.3-rc.1', '1.2.3-0a.b-c+build.5', '1.0.0+001']) {
    assert.equal(parseVersion(good), good);
    assert.equal(isVersion(good), true);
  }
});

test('anything else is refused with what to write instead', () => {
  const table: [string, RegExp][] = [
    ['15.0', /^Write 15\.0\.0\.$/],
    ['15', /^Write 15\.0\.0\.$/],
    ['v1.2.3', /^Write 1\.2\.3\.$/],
    ['=1.2.3', /^Write 1\.2\.3\.$/],
    ['01.2.3', /^Write /],
    [' 1.2.3', /^Write 1\.2\.3\.$/],
    ['1.2.3 ', /^Write 1\.2\.3\.$/],
    ['1.2.3\n', /^Write 1\.2\.3\.$/],
    ['1.2.3.4', /^Write /],
    ['latest', /moving name.*1\.4\.2/],
    ['stable', /MAJOR\.MINOR\.PATCH/],
    ['', /MAJOR\.MINOR\.PATCH/],
    ['^1.2.3', /^Write 1\.2\.3\.$/],
    [`1.0.0-${'a'.repeat(MAX_VERSION_LENGTH)}`, /./],
  ];
  for (const [value, hint] of table) {
    assert.equal(isVersion(value), false, value);
    assert.throws(() => parseVersion(value), { code: 'SCHEMAS_VERSION_INVALID', hint }, value);
  }
});

test('what is suggested is a version', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[v=^~]?\d{1,4}(\.\d{1,4}){0,4}(-[a-z0-9.]{0,8})?$/), (value) => {
      if (isVersion(value)) return;
      try {
        parseVersion(value);
      } catch (error) {
        const suggested = /^Write (\d\S*)\.$/.exec((error as { hint: string }).hint)?.[1];
        if (suggested !== undefined) assert.equal(isVersion(suggested), true, `${value} → ${suggested}`);
      }
    }),
  );
});

test('ranges come in npm form, a comma means "and"', () => {
  assert.equal(parseRange('>=3.0.0,<4.0.0'), '>=3.0.0 <4.0.0');
  assert.equal(parseRange(' >=3.0.0 , <4.0.0 '), '>=3.0.0 <4.0.0');
  assert.equal(parseRange('^1.0.0,<1.5.0||2.x'), '^1.0.0 <1.5.0 || 2.x');
  assert.equal(parseRange(''), '*');
  for (const good of ['*', 'x', '1', '1.2', '~1.2', '1.2.3 - 2.0.0', '>=1.0.0-rc.1', 'v1.2.3'])
    assert.equal(isRange(good), true, good);
  for (const bad of ['latest', 'one', '>=', '1.2.3.4', '1.0.0 &', '^^1', `>=1.0.0 ${' '.repeat(256)}<2.0.0`])
    assert.throws(() => parseRange(bad), { code: 'SCHEMAS_RANGE_INVALID' }, bad);
});

test('normal form is a fixed point and keeps its meaning', () => {
  const piece = fc
    .tuple(fc.constantFrom('', '^', '~', '>=', '<', '>', '<='), fc.nat(5), fc.nat(5), fc.nat(5))
    .map(([operator, a, b, c]) => `${operator}${a}.${b}.${c}`);
  const range = fc
    .array(fc.array(piece, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 })
    .map((ors) => ors.map((ands) => ands.join(',')).join('||'));
  fc.assert(
    fc.property(range, (text) => {
      const normal = parseRange(text);
      assert.equal(parseRange(normal), normal);
      assert.equal(normal.includes(','), false);
    }),
  );
});

test('a pre-release is in a range only when the range names its triple', () => {
  assert.equal(satisfies('1.2.3', '^1.0.0'), true);
  assert.equal(satisfies('1.2.3-rc.1', '^1.0.0'), false);
  assert.equal(satisfies('1.2.3-rc.1', '^1.2.3-rc.0'), true);
  assert.equal(satisfies('1.3.0-rc.1', '^1.2.3-rc.0'), false);
  assert.equal(satisfies('3.9.0', '>=3.0.0,<4.0.0'), true);
});

test('for security lists pre-releases count by precedence', () => {
  assert.equal(rangeCovers('<2.3.1', '2.0.0-rc.1'), true);
  assert.equal(rangeCovers('<2.3.1', '2.3.1'), false);
  assert.equal(rangesIntersect('^1.0.0', '<1.0.1'), true);
  assert.equal(rangesIntersect('^1.0.0', '^2.0.0'), false);
});

test('the order is total: build metadata decides last', () => {
  const sorted = [
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-rc.1',
    '1.0.0',
    '1.0.0+a',
    '1.0.0+b',
    '1.2.0',
    '1.10.0',
  ];
  assert.deepEqual([...sorted].reverse().sort(compareVersions), sorted);
});

test('versions and tags', () => {
  const version = '1.0.0-rc.1+build.5.x';
  assert.equal(versionToTag(version), '1.0.0-rc.1_build.5.x');
  assert.equal(tagToVersion(versionToTag(version)), version);
  for (const tag of ['latest', 'v1.0.0', '1.0', '_index', `sha256-${'a'.repeat(64)}`, '1.0.0_', '1.0.0_a_b'])
    assert.equal(tagToVersion(tag), undefined, tag);
});
