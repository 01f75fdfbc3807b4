import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runUniverses } from './testing/run-universes.js';

const COUNT = Number(process.env['PROV_UNIVERSES'] ?? 20_000);
const FIRST_SEED = Number(process.env['PROV_SEED'] ?? 1_000_000);
const CHUNK = 5000;

test(`${COUNT} more random universes: MiniSat agrees, solutions are valid, proofs are accepted`, async (context) => {
  let unsolvable = 0;
  let contested = 0;
  for (let done = 0; done < COUNT; done += CHUNK) {
    const counts = await runUniverses(FIRST_SEED + done, Math.min(CHUNK, COUNT - done));
    context.diagnostic(JSON.stringify({ firstSeed: FIRST_SEED + done, ...counts }));
    unsolvable += counts.unsolvable;
    contested += counts.contested;
  }
  assert.ok(unsolvable >= COUNT * 0.3, 'at least 30 % are not solvable');
  assert.ok(contested >= COUNT * 0.2, 'at least 20 % have 10 or more conflicts');
});
