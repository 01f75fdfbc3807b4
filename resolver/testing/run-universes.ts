import assert from 'node:assert/strict';
import { checkProof } from '../proof/check-proof.js';
import { resolve } from '../resolve.js';
import { memorySource, wanted } from './memory-source.js';
import { Minisat } from './minisat.js';
import { factHolds, validateSolution, type World } from './oracle.js';
import { randomUniverse } from './random-universe.js';

export interface UniverseCounts {
  solvable: number;
  unsolvable: number;
  /** With 10 or more conflicts on the way. */
  contested: number;
  solveMs: number;
}

/** Solves `count` random universes and holds every answer against independent judges; a seed in each message. */
export async function runUniverses(firstSeed: number, count: number): Promise<UniverseCounts> {
  const counts: UniverseCounts = { solvable: 0, unsolvable: 0, contested: 0, solveMs: 0 };
  const minisat = new Minisat();
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const { universe, roots } = randomUniverse(seed);
    const world: World = { universe, roots, platforms: ['linux/amd64', 'linux/arm64'], provVersion: '1.5.0' };
    const requirements = Object.entries(roots).map(([name, range]) => wanted(name, range));
    const { platforms, provVersion } = world;
    const started = performance.now();
    const result = await resolve({ requirements, source: memorySource(universe), platforms, provVersion });
    counts.solveMs += performance.now() - started;
    assert.equal(result.ok, minisat.solves(world), `seed ${seed}: MiniSat disagrees`);
    if (result.ok) {
      counts.solvable++;
      assert.deepEqual(validateSolution(result.solution, world), [], `seed ${seed}`);
      if (result.solution.statistics.conflicts >= 10) counts.contested++;
    } else {
      counts.unsolvable++;
      assert.equal(result.failure.type, 'unsatisfiable', `seed ${seed}`);
      if (result.failure.type !== 'unsatisfiable') continue;
      const holds = (fact: Parameters<typeof factHolds>[0], proof: Parameters<typeof factHolds>[1]) =>
        factHolds(fact, proof, world);
      assert.equal(
        checkProof(result.failure.proof, { holds }),
        undefined,
        `seed ${seed}: the proof is refused`,
      );
      if (result.failure.statistics.conflicts >= 10) counts.contested++;
    }
  }
  return { ...counts, solveMs: Math.round(counts.solveMs) };
}
