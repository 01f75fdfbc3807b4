import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatReference,
  isLoopbackRegistry,
  isRepository,
  parseReference,
  type Reference,
  splitRepository,
} from './reference.js';

const HEX = 'a'.repeat(64);
const DIGEST = `sha256:${HEX}` as const;
const remote = (registry: string, repository: string, more: object = {}) => ({
  type: 'remote',
  registry,
  repository,
  ...more,
});
const HOME = 'localhost:5000';
const NS = 'provisioning-extensions';

const TABLE: readonly [string, object][] = [
  ['redis', remote(HOME, `${NS}/redis`)],
  ['redis:7.2.0', remote(HOME, `${NS}/redis`, { tag: '7.2.0' })],
  ['redis:1.0.0+build.5', remote(HOME, `${NS}/redis`, { tag: '1.0.0_build.5' })],
  ['redis@^7', remote(HOME, `${NS}/redis`, { range: '^7' })],
  ['redis@7.2.0', remote(HOME, `${NS}/redis`, { range: '7.2.0' })],
  ['redis@>=3.0.0,<4.0.0', remote(HOME, `${NS}/redis`, { range: '>=3.0.0 <4.0.0' })],
  [`redis@${DIGEST}`, remote(HOME, `${NS}/redis`, { digest: DIGEST })],
  ['mynamespace/redis:7.2.0', remote(HOME, 'mynamespace/redis', { tag: '7.2.0' })],
  ['a/b/c/redis', remote(HOME, 'a/b/c/redis')],
  ['localhost/redis', remote('localhost', 'redis')],
  ['localhost:5000/redis', remote(HOME, 'redis')],
  ['registry.example/team/redis:latest', remote('registry.example', 'team/redis', { tag: 'latest' })],
  ['127.0.0.1:5000/t/redis', remote('127.0.0.1:5000', 't/redis')],
  ['[::1]:5000/t/redis:1.0.0', remote('[::1]:5000', 't/redis', { tag: '1.0.0' })],
  ['oci://myhost/t/redis', remote('myhost', 't/redis')],
  [
    `oci://registry.example:443/t/redis:7.2.0@${DIGEST}`,
    remote('registry.example:443', 't/redis', { tag: '7.2.0', digest: DIGEST }),
  ],
  [`h.x/t/redis@sha512:${HEX}${HEX}`, remote('h.x', 't/redis', { digest: `sha512:${HEX}${HEX}` })],
  ['.', { type: 'directory', path: '.' }],
  ['..', { type: 'directory', path: '..' }],
  ['./redis', { type: 'directory', path: './redis' }],
  ['../redis', { type: 'directory', path: '../redis' }],
  ['/abs/redis', { type: 'directory', path: '/abs/redis' }],
  ['oci-layout:out', { type: 'oci-layout', path: 'out' }],
  [
    `oci-layout:./out#t/redis:7.2.0@${DIGEST}`,
    { type: 'oci-layout', path: './out', repository: 't/redis', tag: '7.2.0', digest: DIGEST },
  ],
  ['bundle:/m/x.tar#t/redis', { type: 'bundle', path: '/m/x.tar', repository: 't/redis' }],
];

for (const [text, expected] of TABLE) {
  test(`${text.slice(0, 60)} is read, and its text is read as the same again`, () => {
    const reference = parseReference(text);
    assert.deepEqual(reference, expected);
    assert.deepEqual(parseReference(formatReference(reference)), expected);
  });
}

test('short forms take what is configured, an empty namespace included', () => {
  const defaults = { registry: 'r.example', namespace: 'team' };
  assert.deepEqual(parseReference('redis', defaults), remote('r.example', 'team/redis'));
  assert.deepEqual(parseReference('x/redis', defaults), remote('r.example', 'x/redis'));
  assert.deepEqual(
    parseReference('redis', { registry: 'r.example', namespace: '' }),
    remote('r.example', 'redis'),
  );
});

const HOSTILE = [
  '',
  ' ',
  'a',
  'Redis',
  'redis:',
  'redis@',
  'redis: 1',
  'redis:-1',
  `redis:${'x'.repeat(129)}`,
  'redis@sha256:abc',
  `redis@sha256:${HEX.toUpperCase()}`,
  `redis@${DIGEST}@${DIGEST}`,
  'redis:1.0.0@^1',
  'redis@latest',
  'a//redis',
  't/../redis',
  'oci://',
  'oci://redis',
  'oci://h/',
  'oci://user:pass@h.x/t/redis',
  'user:pass@h.x/t/redis',
  'https://h.x/t/redis',
  'h.x:port/t/redis',
  'h.x:123456/t/redis',
  '-h.x/t/redis',
  'h..x/t/redis',
  '[::1/t/redis',
  '%2e%2e/redis',
  'redis\n',
  'redis\0',
  'con',
  'h.x/t/redis?x=1',
  'h.x/t/redis#frag',
  `${'a/'.repeat(8)}b/redis`,
  `h.x/${'a'.repeat(60)}/${'b'.repeat(60)}/${'c'.repeat(60)}/${'d'.repeat(60)}/${'e'.repeat(60)}`,
  'oci-layout:',
  'oci-layout:x#../../etc',
  'bundle:x#redis@^1',
  'bundle:x#redis:1#redis',
];
for (const text of HOSTILE) {
  test(`${JSON.stringify(text.slice(0, 40))} is no reference`, () => {
    assert.throws(() => parseReference(text), { code: 'SCHEMAS_REFERENCE_INVALID' });
  });
}

test('a very long text is refused at once', () => {
  const started = performance.now();
  for (const text of ['a.'.repeat(100_000), `a-${'-'.repeat(100_000)}`, `h/${'a/'.repeat(100_000)}x`])
    assert.throws(() => parseReference(text), { code: 'SCHEMAS_REFERENCE_INVALID' });
  assert.ok(performance.now() - started < 500);
});

test('parsing the text of any reference gives the reference', () => {
  const part = fc.stringMatching(/^[a-z0-9]{2,12}$/).filter((name) => isRepository(name));
  const registry = fc.oneof(
    fc.constantFrom('localhost', 'myhost', '127.0.0.1:5000', '[::1]:80', 'h.example', 'my-host:5000'),
    fc.tuple(part, fc.nat(65_535)).map(([host, port]) => `${host}:${port}`),
  );
  const repository = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
  const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,30}$/);
  const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}` as const);
  const optional = (keys: object): keys is object => keys !== undefined;
  const given = (record: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  const any = fc
    .oneof(
      fc.record({
        type: fc.constant('remote'),
        registry,
        repository,
        tag: maybe(tag),
        digest: maybe(digest),
      }),
      fc.record({
        type: fc.constant('remote'),
        registry,
        repository,
        range: fc.constantFrom('^7', '~1.2.3', '>=1.0.0 <2.0.0', '1.x || 2.x', '*', '1.2.3-rc.1'),
      }),
      fc.record({
        type: fc.constantFrom('oci-layout', 'bundle'),
        path: fc.stringMatching(/^[A-Za-z0-9./ _-]{1,30}$/),
        repository,
        tag: maybe(tag),
        digest: maybe(digest),
      }),
    )
    .map(given)
    .filter(optional);
  fc.assert(
    fc.property(any, (reference) => {
      assert.deepEqual(parseReference(formatReference(reference as unknown as Reference)), reference);
    }),
    { numRuns: 200 },
  );
});

test('any text is read or refused with our code', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[a-z0-9.:/@#_+-]{0,40}$/));
  fc.assert(
    fc.property(text, (value) => {
      try {
        const reference = parseReference(value);
        assert.deepEqual(parseReference(formatReference(reference)), reference);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'SCHEMAS_REFERENCE_INVALID', JSON.stringify(value));
      }
    }),
    { numRuns: 700 },
  );
});

test('repositories split into namespace and name', () => {
  assert.deepEqual(splitRepository('a/b/redis'), { namespace: 'a/b', name: 'redis' });
  assert.deepEqual(splitRepository('redis'), { namespace: '', name: 'redis' });
});

test('only names and addresses of this machine are loopback', () => {
  for (const host of ['localhost', 'LOCALHOST:5000', 'x.localhost', '127.0.0.1:1', '127.255.0.9', '[::1]:80'])
    assert.equal(isLoopbackRegistry(host), true, host);
  for (const host of [
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'notlocalhost',
    '128.0.0.1',
    '[::2]',
  ])
    assert.equal(isLoopbackRegistry(host), false, host);
});
