import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  foldName,
  isExtensionName,
  isNamespace,
  isWorkspaceName,
  KINDS,
  kindPlural,
  parseKind,
} from './names.js';

test('every kind is read in its singular, plural and short form, in any case', () => {
  for (const kind of KINDS) {
    for (const form of [kind, kindPlural(kind), kind.toUpperCase()]) assert.equal(parseKind(form), kind);
  }
  assert.deepEqual(['prov', 'task', 'cl', 'Task'].map(parseKind), [
    'provider',
    'taskserv',
    'cluster',
    'taskserv',
  ]);
});

test('anything else is no kind, not even a member of Object', () => {
  for (const value of ['', 's', 'tasks', 'providerss', 'constructor', '__proto__', 'toString', ' task'])
    assert.throws(() => parseKind(value), { code: 'SCHEMAS_KIND_UNKNOWN' }, value);
});

test('names of extensions', () => {
  for (const good of [
    'ab',
    '7z',
    'redis',
    'a.b-c_d',
    'container-runtime',
    'a'.repeat(63),
    'console',
    'com10',
  ])
    assert.equal(isExtensionName(good), true, good);
  for (const bad of [
    '',
    'a',
    'a'.repeat(64),
    'Redis',
    '-redis',
    'redis-',
    'a..b',
    'a--b',
    'a._b',
    'a/b',
    'a b',
    'rédis',
    'redis\n',
    '..',
    '.git',
    'con',
    'nul.txt',
    'com1',
    'lpt9.d',
  ])
    assert.equal(isExtensionName(bad), false, bad);
});

test('a namespace has up to eight segments', () => {
  for (const good of ['', 'team', 'a', 'org/team/x', Array(8).fill('a').join('/')])
    assert.equal(isNamespace(good), true, good);
  for (const bad of ['/', 'a/', '/a', 'a//b', 'A', '..', 'a/../b', Array(9).fill('a').join('/'), 'a\n'])
    assert.equal(isNamespace(bad), false, bad);
});

test('names of workspaces, infras and environments', () => {
  for (const good of ['a', '_x', 'Prod.EU-1', 'x'.repeat(63)])
    assert.equal(isWorkspaceName(good), true, good);
  for (const bad of ['', '.', '..', '.x', '-x', 'a/b', 'a b', 'x'.repeat(64), 'NUL', 'Con.txt', 'a\n'])
    assert.equal(isWorkspaceName(bad), false, bad);
});

test('names that differ only in the separator fold to one', () => {
  assert.equal(foldName('a.b_c-d'), 'a-b-c-d');
});
