import assert from 'node:assert/strict';
import type { MetadataSource } from '../metadata/metadata-source.js';
import { checkProof } from '../proof/check-proof.js';
import { resolve } from '../resolve.js';
import type { ResolveOptions } from '../resolve-options.js';
import { memorySource, wanted } from './memory-source.js';
import { Minisat } from './minisat.js';
import { everyVersion, factHolds, validateSolution, type World } from './oracle.js';
import { randomUniverse } from './random-universe.js';

export interface UniverseCounts {
  readonly solvable: number;
  readonly unsolvable: number;
  /** With 10 or more conflicts on the way. */
  readonly contested: number;
  /** Universes in which each feature occurs. */
  readonly with: Readonly<Record<string, number>>;
  readonly solveMs: number;
}

export const NO_COUNTS: UniverseCounts = { solvable: 0, unsolvable: 0, contested: 0, with: {}, solveMs: 0 };

export function addCounts(a: UniverseCounts, b: UniverseCounts): UniverseCounts {
  const features = new Set([...Object.keys(a.with), ...Object.keys(b.with)]);
  return {
    solvable: a.solvable + b.solvable,
    unsolvable: a.unsolvable + b.unsolvable,
    contested: a.contested + b.contested,
    with: Object.fromEntries(
      [...features].sort().map((each) => [each, (a.with[each] ?? 0) + (b.with[each] ?? 0)]),
    ),
    solveMs: a.solveMs + b.solveMs,
  };
}

/** The features that occur in a world. */
function featuresOf(world: World): Set<string> {
  const { overrides, constraints, advisories, publishedBefore } = world;
  const features = new Set(
    Object.entries({
      overrides,
      'constraints of the user': constraints,
      advisories,
      age: publishedBefore,
    }).flatMap(([name, value]) => (value === undefined ? [] : [name])),
  );
  for (const [, , facts] of everyVersion(world.universe)) {
    for (const [name, value] of Object.entries(facts)) if (value !== undefined) features.add(name);
    if (facts.state !== undefined) features.add(facts.state);
    for (const offered of Object.values(facts.provides ?? {}))
      if (offered.endsWith('!')) features.add('exclusive');
  }
  return features;
}

const TARGET = { platforms: ['linux/amd64', 'linux/arm64'], provVersion: '1.5.0' };

/** What a world asks of `resolve`. */
export function optionsOf(
  world: World,
  source: MetadataSource = memorySource(world.universe),
): ResolveOptions {
  const { roots, overrides, constraints, advisories, publishedBefore, platforms, provVersion } = world;
  const all = (ranges: Readonly<Record<string, string>> = {}) =>
    Object.entries(ranges).map(([name, range]) => wanted(name, range));
  return {
    requirements: all(roots),
    source,
    platforms,
    provVersion,
    overrides: all(overrides),
    constraints: all(constraints),
    advisories: all(advisories).map((each) => ({ ...each, advisory: 'CVE-0' })),
    ...(publishedBefore !== undefined && { publishedBefore }),
  };
}

/** Solves `count` random universes and holds every answer against independent judges; a seed in each message. */
export async function runUniverses(firstSeed: number, count: number): Promise<UniverseCounts> {
  const counts = { solvable: 0, unsolvable: 0, contested: 0, solveMs: 0 };
  const occurring: Record<string, number> = {};
  const minisat = new Minisat();
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const world: World = { ...randomUniverse(seed), ...TARGET };
    for (const feature of featuresOf(world)) occurring[feature] = (occurring[feature] ?? 0) + 1;
    const started = performance.now();
    const result = await resolve(optionsOf(world));
    counts.solveMs += performance.now() - started;
    // One solution for all platforms, or one for each.
    const differs = everyVersion(world.universe).some(([, , facts]) => facts.platforms !== undefined);
    const isSolvable =
      minisat.solves(world) ||
      (differs && world.platforms.every((platform) => minisat.solves({ ...world, platforms: [platform] })));
    assert.equal(result.ok, isSolvable, `seed ${seed}: MiniSat disagrees`);
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
  return { ...counts, with: occurring, solveMs: Math.round(counts.solveMs) };
}
