import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson } from './canonical-json.js';

const invalid = { code: 'BASE_JSON_INVALID' };

test('members are sorted by the UTF-16 code units of their keys (RFC 8785, 3.2.3)', () => {
  const value = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    '1': 'One',
    '\ud83d\ude00': 'Emoji: Grinning Face',
    '\u0080': 'Control',
    '\u00f6': 'Latin Small Letter O With Diaeresis',
  };
  assert.deepEqual(
    [...canonicalJson(value).matchAll(/:"([^"]+)"/g)].map(([, name]) => name),
    [
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ],
  );
});

test('numbers, text and literals come out as in the sample of RFC 8785, 3.2.2', () => {
  const sample = {
    numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: '\u20ac$\u000f\nA\'B"\\\\"/',
    literals: [null, true, false],
  };
  assert.equal(
    canonicalJson(sample),
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test('numbers at the edges are written as ECMAScript writes them (RFC 8785, appendix B)', () => {
  const cases: [number, string][] = [
    [0, '0'],
    [-0, '0'],
    [Number.MIN_VALUE, '5e-324'],
    [-Number.MIN_VALUE, '-5e-324'],
    [Number.MAX_VALUE, '1.7976931348623157e+308'],
    [9007199254740992, '9007199254740992'],
    [295147905179352830000, '295147905179352830000'],
    [9.999999999999997e22, '9.999999999999997e+22'],
    [1e23, '1e+23'],
    [999999999999999900000, '999999999999999900000'],
    [1e21, '1e+21'],
    [9.999999999999997e-7, '9.999999999999997e-7'],
    [0.000001, '0.000001'],
    [333333333.3333332, '333333333.3333332'],
    [-0.0000033333333333333333, '-0.0000033333333333333333'],
    [1424953923781206.2, '1424953923781206.2'],
  ];
  for (const [number, text] of cases) assert.equal(canonicalJson(number), text);
});

test('what JSON cannot hold is refused with its place', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, () => 1, Symbol('x'), 1n, undefined])
    assert.throws(() => canonicalJson(value), invalid);
  assert.throws(() => canonicalJson({ a: ['\ud800'] }), { ...invalid, message: /^\$\.a\[0\] .*surrogate/ });
  assert.throws(() => canonicalJson({ '\udead': 1 }), invalid);
  assert.throws(() => canonicalJson({ a: { b: Number.NaN } }), { ...invalid, message: /^\$\.a\.b / });
});

test('undefined members are left out, undefined items are refused', () => {
  assert.equal(canonicalJson({ b: undefined, a: 1 }), '{"a":1}');
  assert.throws(() => canonicalJson([undefined]), invalid);
});

test('any JSON value survives, whatever the order of its members', () => {
  const shuffled = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(shuffled)
      : value !== null && typeof value === 'object'
        ? Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([key, member]) => [key, shuffled(member)]),
          )
        : value;
  fc.assert(
    fc.property(fc.json({ stringUnit: 'grapheme', maxDepth: 5 }), (text) => {
      const value: unknown = JSON.parse(text);
      const canonical = canonicalJson(value);
      assert.equal(canonicalJson(shuffled(value)), canonical);
      assert.equal(JSON.stringify(JSON.parse(canonical)).length, canonical.length);
      assert.equal(canonicalJson(JSON.parse(canonical)), canonical);
    }),
    { numRuns: 300 },
  );
});
