import assert from 'node:assert/strict';
import { checkProof } from '../proof/check-proof.js';
import { explanationOf } from '../proof/explain-failure.js';
import type { Proof } from '../proof/proof.js';
import { resolve } from '../resolve.js';
import type { ShortFacts, ShortUniverse } from './memory-source.js';
import type { World } from './oracle.js';
import { randomUniverse } from './random-universe.js';
import { optionsOf } from './run-universes.js';

const TARGET = { platforms: ['linux/amd64', 'linux/arm64'], provVersion: '1.5.0' };

function worldOf(seed: number): World {
  return { ...randomUniverse(seed), ...TARGET };
}

/** Oldest first and newest first choose otherwise, and agree whether there is a solution at all. */
export async function compareDirections(
  firstSeed: number,
  count: number,
): Promise<{ solvable: number; unsolvable: number; different: number }> {
  const counts = { solvable: 0, unsolvable: 0, different: 0 };
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const options = { ...optionsOf(worldOf(seed)), signatures: 'prefer' } as const;
    const newest = await resolve({ ...options, strategy: 'latest' });
    const oldest = await resolve({ ...options, strategy: 'lowest' });
    assert.equal(oldest.ok, newest.ok, `seed ${seed}: oldest first does not agree with newest first`);
    if (!newest.ok || !oldest.ok) counts.unsolvable++;
    else {
      counts.solvable++;
      const [a, b] = [newest, oldest].map(({ solution }) =>
        solution.packages.map(({ id, version }) => `${id}@${version}`),
      );
      if (a!.join() !== b!.join()) counts.different++;
    }
  }
  return counts;
}

/**
 * A failure stays one when every dependency that its proof does not cite is taken out of the universe, and the new
 * proof cites none that the old one did not.
 */
export async function keepOnlyCited(
  firstSeed: number,
  count: number,
): Promise<{ failures: number; removed: number; same: number }> {
  const counts = { failures: 0, removed: 0, same: 0 };
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const world = worldOf(seed);
    const before = await resolve(optionsOf(world));
    if (before.ok || before.failure.type !== 'unsatisfiable') continue;
    counts.failures++;
    const cited = citedBy(before.failure.proof);
    const { universe, removed } = onlyCited(world.universe, cited);
    counts.removed += removed;
    const after = await resolve(optionsOf({ ...world, universe }));
    assert.ok(
      !after.ok && after.failure.type === 'unsatisfiable',
      `seed ${seed}: solvable with what was cited`,
    );
    assert.equal(checkProof(after.failure.proof), undefined, `seed ${seed}`);
    for (const each of citedBy(after.failure.proof))
      assert.ok(cited.has(each), `seed ${seed}: ${each} was not cited before`);
    if (explanationOf(after.failure).headline === explanationOf(before.failure).headline) counts.same++;
  }
  return counts;
}

/** `NAME VERSION TARGET` of every dependency among the facts of a proof. */
function citedBy(proof: Proof): Set<string> {
  const cited = new Set<string>();
  for (const { cause, terms } of proof.facts) {
    if (cause.type !== 'dependency') continue;
    for (const term of terms) {
      const { name, versions } = proof.packages[term.package]!;
      for (const v of term.versions) cited.add(`${name} ${versions[v]!} ${cause.target}`);
    }
  }
  return cited;
}

function onlyCited(
  universe: ShortUniverse,
  cited: ReadonlySet<string>,
): { readonly universe: ShortUniverse; readonly removed: number } {
  let removed = 0;
  const kept = (name: string, version: string, { deps, ...rest }: ShortFacts): ShortFacts => {
    const all = Object.entries(deps ?? {});
    const left = all.filter(([target]) => cited.has(`${name} ${version} ${target}`));
    removed += all.length - left.length;
    return left.length === 0 ? rest : { ...rest, deps: Object.fromEntries(left) };
  };
  const entries = Object.entries(universe).map(([name, versions]) => [
    name,
    Object.fromEntries(Object.entries(versions).map(([v, facts]) => [v, kept(name, v, facts)])),
  ]);
  return { universe: Object.fromEntries(entries) as ShortUniverse, removed };
}
