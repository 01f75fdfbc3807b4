import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../support/project.js';
import { ELSEWHERE } from './elsewhere.js';
import { ATTACKS, attackTable, LINES } from './list.js';

test('every line of the attack list is played, tested elsewhere, or named as not covered', () => {
  const told = new Set([...ATTACKS, ...ELSEWHERE].map(({ number }) => number));
  assert.deepEqual(
    Array.from({ length: LINES }, (_, i) => i + 1).filter((number) => !told.has(number)),
    [],
  );
  assert.equal(told.size, LINES);
});

test('the tests that play the others are there', () => {
  for (const { number, tested } of ELSEWHERE) {
    if (tested === undefined) continue;
    const [file, name] = tested;
    const text = readFileSync(join(projectRoot, file), 'utf8');
    assert.ok(text.includes(name), `${number}: ${file} has no test "${name}"`);
  }
});

/** `PROV_UPDATE=1` writes it; the long suite proves it. */
test('docs/security.md has the table', () => {
  const path = join(projectRoot, 'docs/security.md');
  const text = readFileSync(path, 'utf8');
  const [, before, after] = /^([\s\S]*)<!-- attacks -->[\s\S]*<!-- end -->([\s\S]*)$/.exec(text) ?? [];
  const expected = `${before}<!-- attacks -->\n\n${attackTable()}\n\n<!-- end -->${after}`;
  if (process.env['PROV_UPDATE'] !== undefined) writeFileSync(path, expected);
  assert.equal(readFileSync(path, 'utf8'), expected);
});
