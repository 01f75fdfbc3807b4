import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { digestOf } from '#base';
import { formatLock, inputsDigest, type Lock, type LockEntry, parseLock } from './lock.js';
import { KINDS } from './names.js';

const content = (text: string) => ({
  mediaType: 'application/octet-stream',
  digest: digestOf(text),
  size: text.length,
});
const entry = (name: string, more: Partial<LockEntry> = {}): LockEntry => ({
  kind: 'taskserv',
  name,
  version: '1.0.0',
  source: { registry: 'main', repository: `team/${name}` },
  manifest: content(name),
  config: content(`${name} config`),
  layers: [{ ...content(`${name} layer`), tar: digestOf(name) }],
  dependencies: [],
  requiredBy: ['config/provisioning.yaml'],
  ...more,
});
const lock: Lock = {
  lockVersion: 1,
  inputs: { 'config/provisioning.yaml': digestOf('inputs') },
  policy: { strategy: 'latest', prerelease: 'if-named', platforms: ['linux/amd64'] },
  extensions: [
    entry('redis', {
      dependencies: [
        { name: 'zlib', range: '^1', version: '1.0.0' },
        { name: 'os', range: '*', version: '1.0.0', optional: true },
      ],
      requiredBy: ['web', 'config/provisioning.yaml'],
    }),
    entry('os', { kind: 'provider', provides: { yes: '1.0.0', 'on: off': '2.0.0' } }),
    entry('redis', { version: '1.0.0-rc.1+b', signer: { identity: 'key:1', rule: 'r' } }),
    {
      kind: 'taskserv',
      name: 'local',
      version: '1.0.0',
      source: { path: 'extensions/local', tree: digestOf('tree') },
      layers: [],
      dependencies: [],
      requiredBy: ['config/provisioning.yaml'],
    },
  ],
};

test('a lock is sorted text that starts each block with its identity', () => {
  const text = formatLock(lock);
  assert.match(text, /^# Written by prov\. .*\nlockVersion: 1\ninputs:\n/);
  assert.deepEqual(
    [...text.matchAll(/^ {2}- kind: (\w+)\n {4}name: (\S+)\n {4}version: (\S+)$/gm)].map((m) => m.slice(1)),
    [
      ['provider', 'os', '1.0.0'],
      ['taskserv', 'local', '1.0.0'],
      ['taskserv', 'redis', '1.0.0'],
      ['taskserv', 'redis', '1.0.0-rc.1+b'],
    ],
  );
  assert.doesNotMatch(text, /[&*]a\d|\r| $/m);
});

test('formatting what was read gives the same bytes', () => {
  const text = formatLock(lock);
  assert.equal(formatLock(parseLock(text, 'prov.lock')), text);
});

test('the order of entries, members, dependencies and dependants changes no byte', () => {
  const text = formatLock(lock);
  const reversed = <T extends object>(value: T) => Object.fromEntries(Object.entries(value).reverse()) as T;
  fc.assert(
    fc.property(fc.shuffledSubarray(lock.extensions, { minLength: lock.extensions.length }), (extensions) => {
      const shuffled = extensions.map((each) =>
        reversed({
          ...each,
          dependencies: [...each.dependencies].reverse().map(reversed),
          requiredBy: [...each.requiredBy].reverse(),
        }),
      );
      assert.equal(formatLock(reversed({ ...lock, extensions: shuffled })), text);
    }),
    { numRuns: 30 },
  );
});

test('any lock survives, whatever text is in it', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom(
      'yes',
      '1.0',
      '0x10',
      '~',
      'null',
      '- a',
      '# x',
      'a: b',
      '<<',
      '2026-01-01',
      '*x',
      '&x',
      '"',
    ),
  );
  const any = fc.record({
    lockVersion: fc.constant(1 as const),
    inputs: fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      fc.constant(digestOf('x')),
      { maxKeys: 3 },
    ),
    policy: fc.constant(lock.policy),
    extensions: fc.array(
      fc
        .tuple(fc.constantFrom(...KINDS), fc.constantFrom('yes', 'no', 'null', '0x10', '1e3'), text)
        .map(([kind, name, any]) =>
          entry(name, {
            kind,
            dependencies: [{ name, range: any, version: any }],
            requiredBy: [any],
            provides: { [`x${any}`]: any },
          }),
        ),
      { maxLength: 4 },
    ),
  });
  fc.assert(
    fc.property(any, (value) => {
      const written = formatLock(value);
      const read = parseLock(written, 'prov.lock');
      assert.equal(formatLock(read), written);
      assert.deepEqual(
        new Set(read.extensions.map(({ name }) => name)),
        new Set(value.extensions.map(({ name }) => name)),
      );
    }),
    { numRuns: 100 },
  );
});

test('a lock with merge markers says so', () => {
  const text = formatLock(lock).replace(
    'lockVersion: 1\n',
    '<<<<<<< HEAD\nlockVersion: 1\n=======\n>>>>>>> x\n',
  );
  assert.throws(() => parseLock(text, 'prov.lock'), {
    code: 'SCHEMAS_LOCK_INVALID',
    message: /prov\.lock .*conflict markers/,
  });
});

test('a lock of a newer prov says so, whatever else is in it', () => {
  assert.throws(() => parseLock('lockVersion: 2\nunknown: 1\n', 'prov.lock'), {
    code: 'SCHEMAS_NEEDS_NEWER_PROV',
    message: 'prov.lock needs prov for lock version 2, this is prov which reads lock version 1',
  });
});

test('a damaged lock is told what is wrong', () => {
  const text = formatLock(lock);
  const table: [string, RegExp][] = [
    ['', /file: /],
    ['[', /YAML/],
    [text.slice(0, text.length / 2), /extensions\./],
    [text.replace('lockVersion: 1', 'lockVersion: "1"'), /lockVersion: /],
    [text.replace(/^ {4}version: .*$/m, '    version: 1.0'), /extensions\.0\.version: /],
    [text.replace(/sha256:[0-9a-f]{60}/, 'sha256:'), /must be a digest/],
    [text.replace('inputs:', 'unknown: 1\ninputs:'), /nrecognized key.*unknown/],
    [`${text}lockVersion: 1\n`, /twice/],
    [text.replace('name: os', 'name: ../../os'), /name: must be an extension name/],
    [text.replace('path: extensions/local', 'path: ../local'), /source/],
    [text.replace('path: extensions/local', 'path: /etc'), /source/],
    [text.replace(/ {6}path: extensions\/local\n/, '      registry: main\n'), /source/],
    [text.replace(/\n {4}manifest:\n(?: {6}.*\n)+/, '\n'), /extensions\.0\.manifest: is missing/],
    [
      text.replace(
        '    source:\n      path: extensions/local\n',
        `    config: ${JSON.stringify(content('x'))}\n    source:\n      path: extensions/local\n`,
      ),
      /source: a local directory/,
    ],
  ];
  for (const [damaged, message] of table)
    assert.throws(() => parseLock(damaged, 'prov.lock'), { code: 'SCHEMAS_LOCK_INVALID', message });
});

test('inputs have one digest whatever the order of their members', () => {
  assert.equal(inputsDigest([{ a: 1, b: 2 }]), inputsDigest([{ b: 2, a: 1 }]));
  assert.notEqual(inputsDigest([{ a: 1 }]), inputsDigest([{ a: 2 }]));
});
