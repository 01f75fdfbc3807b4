import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareSchedules } from './testing/compare-schedules.js';
import { mutateProofs } from './testing/mutate-proofs.js';
import { compareDirections, keepOnlyCited } from './testing/pubgrub-properties.js';

const FIRST_SEED = Number(process.env['PROV_SEED'] ?? 500_000);
const SCHEDULES = 1000;
const PROOFS_OF = 20;

test(`${SCHEDULES} schedules of answers: the same bytes`, (context) => {
  context.diagnostic(`first seed ${FIRST_SEED}`);
  return compareSchedules(FIRST_SEED, SCHEDULES);
});

test('thousands of mutated proofs: each is refused, or it is valid still', async (context) => {
  const { refused, valid } = await mutateProofs(FIRST_SEED, PROOFS_OF);
  context.diagnostic(`${refused} mutants refused, ${valid} valid still, first seed ${FIRST_SEED}`);
  assert.ok(refused >= 1000, String(refused));
});

test('oldest first and newest first agree on 4,000 universes', async (context) => {
  const counts = await compareDirections(FIRST_SEED, 4000);
  context.diagnostic(`${JSON.stringify(counts)}, first seed ${FIRST_SEED}`);
  assert.ok(counts.unsolvable >= 1200 && counts.different >= 400);
});

test('failures of 4,000 universes are failures still with the dependencies that their proofs cite alone', async (context) => {
  const counts = await keepOnlyCited(FIRST_SEED, 4000);
  context.diagnostic(`${JSON.stringify(counts)}, first seed ${FIRST_SEED}`);
  assert.ok(counts.failures >= 1200 && counts.removed >= 4000);
});
