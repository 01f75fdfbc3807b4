import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolve } from '../resolve.js';
import { memorySource, wanted } from '../testing/memory-source.js';
import { FactOracle } from '../testing/proof-facts.js';
import { randomUniverse } from '../testing/random-universe.js';
import { checkProof } from './check-proof.js';
import { explanationOf } from './explain-failure.js';
import { minimiseProof } from './minimise-proof.js';
import type { Proof } from './proof.js';
import { type Reading, readProof } from './reading.js';

const COUNT = 120;
const FIRST_SEED = Number(process.env['PROV_SEED'] ?? 50_000);

test(`of ${COUNT} universes, every proof is minimal by MiniSat, and its reading uses every fact`, async (context) => {
  const oracle = new FactOracle();
  let unsolvable = 0;
  let read = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + COUNT; seed++) {
    const { universe, roots } = randomUniverse(seed);
    const result = await resolve({
      requirements: Object.entries(roots).map(([name, range], i) => wanted(name, range, i + 1)),
      source: memorySource(universe),
      platforms: ['linux/amd64', 'linux/arm64'],
      provVersion: '1.5.0',
    });
    if (result.ok || result.failure.type !== 'unsatisfiable') continue;
    unsolvable++;
    const { proof } = result.failure;
    assert.equal(proof.perhapsNotMinimal, undefined, `seed ${seed}`);
    assert.equal(checkProof(proof), undefined, `seed ${seed}`);
    const isSolvable = oracle.of(proof);
    assert.equal(isSolvable(proof.facts), false, `seed ${seed}: the facts leave a solution`);
    for (const fact of proof.facts) {
      const others = proof.facts.filter((each) => each !== fact);
      assert.equal(isSolvable(others), true, `seed ${seed}: ${JSON.stringify(fact.cause)} is not needed`);
    }
    const explanation = explanationOf(result.failure);
    assert.doesNotMatch(JSON.stringify(explanation), /undefined|\bnull\b|∅/, `seed ${seed}`);
    const reading = readProof(proof);
    if (reading === undefined) continue;
    read++;
    assert.equal(factsOf(reading).size, proof.facts.length, `seed ${seed}: the reading leaves facts out`);
    assertClosed(reading, seed);
  }
  context.diagnostic(`${unsolvable} without solution, ${read} read from the requirements down`);
  assert.ok(unsolvable > COUNT * 0.3);
  assert.ok(read > unsolvable * 0.4);
});

/** Every branch ends in a contradiction. */
function assertClosed({ lines, cases }: Reading, seed: number): void {
  if (cases.length === 0) assert.ok(lines.at(-1)!.after === 0n, `seed ${seed}: a branch has no end`);
  for (const each of cases) assertClosed(each.reading, seed);
}

function factsOf({ lines, cases }: Reading): Set<number> {
  return new Set([
    ...lines.flatMap(({ facts }) => facts),
    ...cases.flatMap(({ reading }) => [...factsOf(reading)]),
  ]);
}

test('a proof for which there is no time is as short as it got, and says so', () => {
  const versions = ['1.0.0'];
  const term = (pkg: number, absent: boolean) => ({ package: pkg, versions: absent ? [] : [0], absent });
  const cause = { type: 'dependency', range: '*', target: 'x', id: 'main:x', optional: false } as const;
  const count = 30;
  const proof: Proof = {
    packages: Array.from({ length: count }, (_, i) => ({ name: `p${i}`, versions, role: 'extension' })),
    facts: [
      { terms: [term(0, true)], cause },
      ...Array.from({ length: count - 1 }, (_, i) => ({ terms: [term(i, false), term(i + 1, true)], cause })),
      { terms: [term(count - 1, false)], cause },
    ],
    steps: [],
  };
  assert.equal(minimiseProof(proof, 0).perhapsNotMinimal, true);
  const { perhapsNotMinimal, facts } = minimiseProof(proof);
  assert.deepEqual([perhapsNotMinimal, facts.length], [undefined, count + 1]);
});
