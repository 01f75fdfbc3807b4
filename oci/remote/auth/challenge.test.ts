import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChallenges } from './challenge.js';

const read = (header: string | undefined) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

test('every challenge of every header is read, in order', () => {
  assert.deepEqual(
    read('Basic realm="x", Bearer realm="https://a/t",service="s",scope="a:b:pull,push c:d:pull"'),
    [
      ['basic', { realm: 'x' }],
      ['bearer', { realm: 'https://a/t', service: 's', scope: 'a:b:pull,push c:d:pull' }],
    ],
  );
  assert.deepEqual(read('Negotiate, NTLM, Basic realm=plain'), [
    ['negotiate', {}],
    ['ntlm', {}],
    ['basic', { realm: 'plain' }],
  ]);
  assert.deepEqual(read('Negotiate YWJj==, Bearer realm="r"'), [
    ['negotiate', {}],
    ['bearer', { realm: 'r' }],
  ]);
});

test('quotes, escapes, commas and spaces do not mislead', () => {
  assert.deepEqual(read('Digest realm="a, Bearer realm=\\"evil\\"", nonce="n" ,, Bearer realm = "r"'), [
    ['digest', { realm: 'a, Bearer realm="evil"', nonce: 'n' }],
    ['bearer', { realm: 'r' }],
  ]);
  assert.deepEqual(read('BEARER REALM="r",realm="second"'), [['bearer', { realm: 'r' }]]);
});

test('nonsense is skipped and costs little', () => {
  assert.deepEqual(read(undefined), []);
  assert.deepEqual(read(''), []);
  assert.deepEqual(read('"""", @@@, Bearer realm="r"').at(-1), ['bearer', { realm: 'r' }]);
  const started = performance.now();
  parseChallenges(`Bearer ${'a="'.repeat(100_000)}`);
  parseChallenges(','.repeat(1_000_000));
  parseChallenges(`Basic ${'x '.repeat(500_000)}`);
  assert.ok(performance.now() - started < 1000);
});
