import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { globMatcher } from './glob.js';

test('a star stands for anything, every other character for itself', () => {
  const cases: [string, string, boolean][] = [
    ['application/spdx+json', 'application/spdx+json', true],
    ['application/*', 'application/spdx+json', true],
    ['*spdx*', 'application/spdx+json', true],
    ['*', '', true],
    ['a*a', 'a', false],
    ['ab*ba', 'aba', false],
    ['application.*', 'application/x', false],
    ['*json', 'application/json+x', false],
  ];
  for (const [pattern, text, expected] of cases)
    assert.equal(globMatcher(pattern)(text), expected, `${pattern} on ${text}`);
});

test('it agrees with the regular expression it stands for', () => {
  const text = fc.stringMatching(/^[ab]{0,8}$/);
  fc.assert(
    fc.property(fc.stringMatching(/^[ab*]{0,6}$/), text, (pattern, value) => {
      const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(value);
      assert.equal(globMatcher(pattern)(value), expected);
    }),
  );
});
