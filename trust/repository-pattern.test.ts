import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isProvError } from '#base';
import { comparePatterns, matchesPattern, parsePattern } from './repository-pattern.js';

const matches = (pattern: string, repository: string, registry?: string) =>
  matchesPattern(parsePattern(pattern), { registry, repository });

test('a pattern matches whole segments and whole hosts', () => {
  assert.ok(matches('acme/*', 'acme/redis'));
  assert.ok(!matches('acme/*', 'acme/a/redis'));
  assert.ok(!matches('acme/*', 'acme'));
  assert.ok(matches('acme/**', 'acme/a/redis'));
  assert.ok(matches('**/redis', 'redis'));
  assert.ok(matches('a/**/z', 'a/z'));
  assert.ok(!matches('a/**/z', 'a'));
  assert.ok(matches('localhost:5000/**', 'acme/redis', 'localhost:5000'));
  assert.ok(!matches('localhost:5000/**', 'acme/redis', 'localhost:5001'));
  assert.ok(!matches('localhost:5000/**', 'acme/redis'));
  assert.ok(matches('*.acme.dev/**', 'x/y', 'Registry.acme.dev'));
  assert.ok(!matches('*.acme.dev/**', 'x/y', 'acme.dev'));
  assert.ok(!matches('*.acme.dev/**', 'x/y', 'registry.acme.dev.evil'));
  assert.ok(!matches('registry.acme.dev/**', 'x/y', 'evil-registry.acme.dev'));
});

test('more specific patterns come first', () => {
  const order = [
    'a.example/x/y',
    'a.example/x/*',
    'a.example/x/**',
    'a.example/**',
    '*.b.example/**',
    '*.example/x',
    '*.example/**',
    'x/y/z',
    'x/y',
    'x/*',
    'x',
    'x/**/z',
    'x/**',
    '*/y',
    '**/y',
    '**',
  ];
  const shuffled = [...order].reverse().map(parsePattern).sort(comparePatterns);
  assert.deepEqual(
    shuffled.map(({ text }) => text),
    order,
  );
});

test('what could match by surprise is no pattern', () => {
  for (const text of [
    '',
    '/',
    'a//b',
    'a/b*',
    '***',
    '**/a/**',
    'A/b',
    'a.*/b',
    '*.*.dev/a',
    'a b',
    'a/[b]',
    '../a',
    'http://a/b',
  ]) {
    assert.throws(
      () => parsePattern(text),
      (error) => isProvError(error, 'SCHEMAS_NAME_INVALID'),
      text,
    );
  }
});

test('two different patterns that match one repository are never equally specific', () => {
  const segment = fc.constantFrom('a', 'b', '*', '**');
  const pattern = fc
    .tuple(
      fc.constantFrom('', 'h.example/', '*.example/', '*.h.example/'),
      fc.array(segment, { minLength: 1, maxLength: 4 }),
    )
    .filter(([, segments]) => segments.filter((each) => each === '**').length < 2)
    .map(([host, segments]) => parsePattern(`${host}${segments.join('/')}`));
  const repository = fc
    .array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join('/'));
  fc.assert(
    fc.property(
      pattern,
      pattern,
      repository,
      fc.constantFrom(undefined, 'h.example', 'x.h.example'),
      (one, other, path, registry) => {
        const place = { registry, repository: path };
        if (one.text === other.text || !matchesPattern(one, place) || !matchesPattern(other, place))
          return true;
        return (
          comparePatterns(one, other) !== 0 && comparePatterns(one, other) === -comparePatterns(other, one)
        );
      },
    ),
    { numRuns: 3000 },
  );
});
