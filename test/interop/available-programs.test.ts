import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findProgram, PROGRAMS, programVersion } from '../support/programs.js';
import { prov } from '../support/prov.js';

test('the programs that are there, in their versions', async (t) => {
  for (const name of PROGRAMS) {
    const found = findProgram(name) !== undefined;
    t.diagnostic(`info: ${name} ${found ? programVersion(name) : 'is not present: its cases are skipped'}`);
  }
  const ours = await prov(['--version']);
  assert.equal(ours.code, 0, ours.stderr);
  t.diagnostic(`info: prov ${ours.stdout.trim()}, Node ${process.version}`);
});
