import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runUniversesInWorkers } from './testing/universe-workers.js';

const COUNT = Number(process.env['PROV_UNIVERSES'] ?? 100_000);
const FIRST_SEED = Number(process.env['PROV_SEED'] ?? 1_000_000);
const WORKERS = 2;
/** Progress for people who wait. */
const SAY_EVERY = 10_000;

test(`${COUNT} more random universes: MiniSat agrees, solutions are valid, proofs are accepted`, async (context) => {
  let done = 0;
  const counts = await runUniversesInWorkers({
    firstSeed: FIRST_SEED,
    count: COUNT,
    workers: WORKERS,
    onReport(report) {
      done += report.count;
      if (done % SAY_EVERY === 0) context.diagnostic(`${done} universes`);
    },
  });
  context.diagnostic(JSON.stringify({ firstSeed: FIRST_SEED, ...counts }));
  assert.equal(counts.solvable + counts.unsolvable, COUNT);
  assert.ok(counts.unsolvable >= COUNT * 0.3, 'at least 30 % are not solvable');
  assert.ok(counts.contested >= COUNT * 0.2, 'at least 20 % have 10 or more conflicts');
  for (const [what, count] of Object.entries(counts.with))
    assert.ok(count >= COUNT * 0.01, `enough universes with ${what}`);
});
