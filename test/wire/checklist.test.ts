import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../support/project.js';
import { CHECKLIST } from './checklist.js';
import { checklistTable } from './checklist-table.js';
import { MUTANTS } from './mutants.js';

const NAME = /\btest\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g;

function testNames(file: string): readonly string[] {
  const text = readFileSync(join(projectRoot, file), 'utf8');
  return [...text.matchAll(NAME)].map((match) => match.slice(1).find((each) => each !== undefined) ?? '');
}

test('the checklist has its lines, each once and in order', () => {
  assert.deepEqual(
    CHECKLIST.map(({ line }) => line),
    Array.from({ length: 50 }, (_, index) => index + 1),
  );
});

test('every test that proves a line is there', () => {
  const missing: string[] = [];
  for (const { line, tests } of CHECKLIST) {
    assert.ok(Object.keys(tests).length > 0, `line ${line}`);
    for (const [file, names] of Object.entries(tests)) {
      const known = testNames(file);
      for (const name of names) if (!known.includes(name)) missing.push(`${line}: ${file}: ${name}`);
    }
  }
  assert.deepEqual(missing, []);
});

test('the wire has at least sixty tests', () => {
  const all = new Set(
    CHECKLIST.flatMap(({ tests }) =>
      Object.entries(tests).flatMap(([file, names]) => names.map((name) => `${file} ${name}`)),
    ),
  );
  assert.ok(all.size >= 60, `${all.size}`);
});

test('the table of docs/spec/wire.md is that of the checklist', () => {
  const path = join(projectRoot, 'docs/spec/wire.md');
  const text = readFileSync(path, 'utf8');
  const [before = '', rest = ''] = text.split('<!-- checklist -->');
  const [, after = ''] = rest.split('<!-- end -->');
  const expected = `${before}<!-- checklist -->\n\n${checklistTable()}\n\n<!-- end -->${after}`;
  if (process.env['PROV_UPDATE'] !== undefined) writeFileSync(path, expected);
  assert.equal(text, expected, 'PROV_UPDATE=1 node --test build/test/wire/checklist.test.js writes it');
});

test('every mutant changes text that is there', () => {
  const stale = MUTANTS.filter(
    ({ file, find }) => !readFileSync(join(projectRoot, 'build', `${file}.js`), 'utf8').includes(find),
  );
  assert.deepEqual(
    stale.map(({ line, mistake }) => `${line}: ${mistake}`),
    [],
  );
});
