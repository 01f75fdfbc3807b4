import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runUniverses } from './testing/run-universes.js';

/** The long suite runs 100,000 others. */
const COUNT = Number(process.env['PROV_UNIVERSES'] ?? 400);
const FIRST_SEED = Number(process.env['PROV_SEED'] ?? 1);

test(`${COUNT} random universes: MiniSat agrees, solutions are valid, proofs are accepted`, async (context) => {
  const counts = await runUniverses(FIRST_SEED, COUNT);
  context.diagnostic(JSON.stringify({ firstSeed: FIRST_SEED, ...counts }));
  assert.ok(counts.unsolvable >= COUNT * 0.3, 'at least 30 % are not solvable');
  assert.ok(counts.contested >= COUNT * 0.2, 'at least 20 % have 10 or more conflicts');
});
