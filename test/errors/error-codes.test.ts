import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type CatalogueEntry, catalogue, EXIT } from '#base';
import { projectRoot } from '../support/project.js';

const SOURCES = [
  'base',
  'schemas',
  'db',
  'oci',
  'trust',
  'resolver',
  'workspace',
  'mirror',
  'manager',
  'runtime',
];
const FOLDERS = [...SOURCES, 'registry-server', 'cli', 'test'];
/** Codes that only a killed, foreign or stuck process provokes, which no test stages yet. May only shrink. */
const UNTESTED: readonly string[] = [
  'CLI_REGISTRY_FOREIGN',
  'CLI_REGISTRY_START_FAILED',
  'CLI_REGISTRY_STOP_TIMEOUT',
];

function sources(folder: string): string[] {
  return readdirSync(join(projectRoot, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return path === 'base/errors/catalogue' ? [] : sources(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}
const isTest = (path: string) => path.startsWith('test/') || path.endsWith('.test.ts');
const files = FOLDERS.flatMap(sources).filter((path) => path !== 'test/errors/error-codes.test.ts');
const read = (paths: readonly string[]) =>
  paths.map((path) => readFileSync(join(projectRoot, path), 'utf8')).join('\n');
const [tests, product] = [read(files.filter(isTest)), read(files.filter((path) => !isTest(path)))];
const all: readonly (readonly [string, CatalogueEntry])[] = Object.entries(catalogue);
const mentions = (text: string, code: string) => new RegExp(`\\b${code}\\b`).test(text);

test('every code is raised by the product', () => {
  const raised = product.replace(/@throws[^\n]*(?:\n \*[^\n/@]*)*/g, '');
  assert.deepEqual(
    all.map(([code]) => code).filter((code) => !mentions(raised, code)),
    [],
  );
});

test('every code is named by a test', () => {
  assert.deepEqual(
    all.map(([code]) => code).filter((code) => !mentions(tests, code) && !UNTESTED.includes(code)),
    [],
  );
});

test('docs/errors.md has every code once, with its anchor, and no other', () => {
  const text = readFileSync(join(projectRoot, 'docs/errors.md'), 'utf8');
  const listed = [...text.matchAll(/<a id="(\w+)"><\/a>`(\w+)`/g)];
  assert.deepEqual(listed.map(([, , code]) => code).sort(), all.map(([code]) => code).sort());
  for (const [, anchor, code] of listed) assert.equal(anchor, code?.toLowerCase());
});

test('codes are ROOM_SUBJECT_PROBLEM, with an exit code that exists and texts whose gaps are plain words', () => {
  const rooms = new Set([...SOURCES, 'cli', 'registry'].map((room) => room.toUpperCase()));
  for (const [code, { message, hint, exit, http }] of all) {
    assert.match(code, /^[A-Z]+(?:_[A-Z0-9]+)+$/);
    assert.ok(rooms.has(code.split('_')[0]!), code);
    assert.ok(exit in EXIT && EXIT[exit] !== 0, code);
    assert.ok(http === undefined || (http >= 400 && http < 600), code);
    for (const text of [message, hint]) {
      assert.ok(text.trim() === text && text.length > 0, code);
      for (const [gap] of text.matchAll(/(?<!\{)\{(?!\{)[^}]*\}?/g))
        assert.match(gap, /^\{[a-zA-Z]+\}$/, code);
      assert.doesNotMatch(text, /undefined|\[object|\bTODO\b/, code);
    }
  }
});
