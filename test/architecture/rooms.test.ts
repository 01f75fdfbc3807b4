import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findImports } from './imports.js';
import { findCircle, findViolations, isTestCode, LEAVES, type RoomTable } from './rules.js';

const root = join(import.meta.dirname, '../../..');
const rooms = JSON.parse(readFileSync(join(root, 'docs/architecture/rooms.json'), 'utf8')) as RoomTable;

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (entry.isDirectory()) yield* sources(`${folder}/${entry.name}`);
    else if (entry.name.endsWith('.ts')) yield `${folder}/${entry.name}`;
  }
}
const files = new Map(
  [...Object.keys(rooms), ...Object.keys(LEAVES)]
    .flatMap((room) => [...sources(room)])
    .map((path) => [path, readFileSync(join(root, path), 'utf8')]),
);

test('no file imports what its room may not use', () => {
  assert.deepEqual(
    [...files].flatMap(([path, source]) => findViolations(path, source, rooms)),
    [],
  );
});

test('no circle of imports exists inside or between rooms', () => {
  assert.equal(
    findCircle(new Map([...files].filter(([path]) => !path.endsWith('.test.ts'))))?.join(' -> '),
    undefined,
  );
});

test('every room has its door and its README', () => {
  for (const room of Object.keys(rooms)) {
    assert.ok(existsSync(join(root, room, 'README.md')), `${room}/README.md`);
    if (room !== 'cli') assert.ok(existsSync(join(root, room, 'index.ts')), `${room}/index.ts`);
  }
});

test('nothing imports cli, and registry-server and runtime are strangers', () => {
  for (const [room, rule] of Object.entries(rooms)) assert.ok(!rule.rooms.includes('cli'), room);
  assert.ok(!rooms['runtime']?.rooms.includes('registry-server'));
  assert.ok(!rooms['registry-server']?.rooms.includes('runtime'));
});

const canaries: Record<string, [path: string, source: string]> = {
  'a forbidden room': ['oci/canary.ts', "import { x } from '#trust';"],
  'a forbidden room by import type': ['oci/canary.ts', "import type { X } from '#trust';"],
  'a forbidden room by export from': ['oci/canary.ts', "export { x } from '#trust';"],
  'a forbidden room by export type from': ['oci/canary.ts', "export type { X } from '#trust';"],
  'a forbidden room by import()': ['oci/canary.ts', "export const x = () => import('#trust');"],
  'a forbidden room by require': ['oci/canary.ts', "require('#trust');"],
  'a forbidden room by a type expression': ['oci/canary.ts', "export type X = import('#trust').Y;"],
  'a deep import into another room': ['oci/canary.ts', "import { x } from '../base/digest.js';"],
  'a forbidden package': ['resolver/canary.ts', "import fastify from 'fastify';"],
  'the own door': ['oci/a/canary.ts', "import { x } from '#oci';"],
  'cli from below': ['manager/canary.ts', "import { x } from '../cli/program.js';"],
};
for (const [name, [path, source]] of Object.entries(canaries)) {
  test(`the check reports a planted violation: ${name}`, () => {
    assert.equal(findViolations(path, source, rooms).length, 1);
  });
}

test('the check reports a planted circle', () => {
  const planted = new Map([
    ['oci/a.ts', "import { b } from './b.js';"],
    ['oci/b.ts', "export { a } from './a.js';"],
  ]);
  assert.deepEqual(findCircle(planted), ['oci/a.ts', 'oci/b.ts', 'oci/a.ts']);
});

test('an allowed import passes', () => {
  assert.deepEqual(
    findViolations(
      'oci/ok.ts',
      "import { x } from '#base'; import { y } from './y.js'; import fs from 'node:fs';",
      rooms,
    ),
    [],
  );
  assert.equal(
    findImports(
      "import a from 'a'; import type b from 'b'; export * from 'c'; await import('d'); require('e');",
    ).length,
    5,
  );
});

test('only cli/present and base/log write to stdout or stderr', () => {
  const writers = [...files.keys()].filter(
    (path) =>
      !(path.split('/')[0]! in LEAVES) &&
      !isTestCode(path) &&
      /process\.std(out|err)\.write|console\.\w+\(/.test(files.get(path)!),
  );
  assert.deepEqual(
    writers.filter((path) => !/^(cli\/present|base\/log)\b/.test(path)),
    [],
  );
});
