import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../support/project.js';
import { findImports } from './imports.js';

/** Every source of the room that a file brings in, directly or not; types count as well. */
function reachedFrom(file: string): ReadonlySet<string> {
  const reached = new Set([file]);
  for (const each of reached)
    for (const { specifier } of findImports(readFileSync(join(projectRoot, each), 'utf8'))) {
      if (!specifier.startsWith('.')) continue;
      const target = normalize(join(dirname(each), specifier.replace(/\.js$/, '.ts')));
      assert.ok(existsSync(join(projectRoot, target)), `${each} imports ${specifier}`);
      reached.add(target);
    }
  return reached;
}

const solverFiles = (file: string) =>
  [...reachedFrom(file)].filter((each) => each.startsWith('resolver/solver/'));

test('the proof checker imports no file of the solver, nor does anything that it imports', () => {
  assert.deepEqual(solverFiles('resolver/proof/check-proof.ts'), []);
  assert.ok(reachedFrom('resolver/proof/check-proof.ts').size > 1, 'its imports were followed');
  assert.ok(solverFiles('resolver/session.ts').length > 3, 'and those of others lead to the solver');
});
