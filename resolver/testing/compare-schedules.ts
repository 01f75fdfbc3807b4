import assert from 'node:assert/strict';
import type { ResolveResult } from '../failure.js';
import { resolve } from '../resolve.js';
import { memorySource } from './memory-source.js';
import type { World } from './oracle.js';
import { randomSource, randomUniverse } from './random-universe.js';
import { optionsOf } from './run-universes.js';

const TARGET = { platforms: ['linux/amd64', 'linux/arm64'], provVersion: '1.5.0' };

/** Resolves random universes twice, the second time with everything in another order and answers that come late. */
export async function compareSchedules(firstSeed: number, count: number): Promise<void> {
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const world: World = { ...randomUniverse(seed), ...TARGET };
    const expected = bytesOf(await resolve(optionsOf(world)));
    const below = randomSource(seed * 31);
    const shuffle = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
      Object.fromEntries(
        Object.entries(record)
          .map((entry) => ({ entry, at: below(1000) }))
          .sort((a, b) => a.at - b.at)
          .map(({ entry }) => entry),
      );
    const universe = Object.fromEntries(
      Object.entries(shuffle(world.universe)).map(([name, versions]) => [
        name,
        Object.fromEntries(
          Object.entries(shuffle(versions)).map(([version, facts]) => [
            version,
            facts.deps === undefined ? facts : { ...facts, deps: shuffle(facts.deps) },
          ]),
        ),
      ]),
    );
    const wait = (): Promise<void> | undefined =>
      [undefined, Promise.resolve(), new Promise<void>((done) => setImmediate(done))][below(3)];
    const shuffled = { ...world, universe, roots: shuffle(world.roots) };
    const found = await resolve(optionsOf(shuffled, memorySource(universe, wait)));
    assert.equal(bytesOf(found), expected, `seed ${seed}`);
  }
}

/** A result without how long it took, each object's members in one order. */
function bytesOf(result: ResolveResult): string {
  return JSON.stringify(result, (key, value: unknown) => {
    if (key === 'elapsedMs') return 0;
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
