import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolve } from './resolve.js';
import { compareSchedules } from './testing/compare-schedules.js';
import { memorySource, type ShortUniverse, wanted } from './testing/memory-source.js';
import { mutateProofs } from './testing/mutate-proofs.js';
import { compareDirections, keepOnlyCited } from './testing/pubgrub-properties.js';
import { randomSource, randomUniverse } from './testing/random-universe.js';

const TARGET = { platforms: ['linux/amd64'], provVersion: '1.5.0' };

async function answer(universe: ShortUniverse, roots: Readonly<Record<string, string>>) {
  const requirements = Object.entries(roots).map(([name, range]) => wanted(name, range));
  return resolve({ requirements, source: memorySource(universe), ...TARGET });
}

test('order and delay of the answers do not change the result', () => compareSchedules(1, 40));

test('a mutated proof is refused, or it is valid still', async (context) => {
  const { refused, valid } = await mutateProofs(1, 10);
  context.diagnostic(`${refused} mutants refused, ${valid} valid still`);
  assert.ok(refused > 100, String(refused));
});

test('less demand never breaks a solution, and fewer versions never mend a failure', async () => {
  for (let seed = 1; seed <= 100; seed++) {
    const { universe, roots } = randomUniverse(seed);
    const result = await answer(universe, roots);
    const below = randomSource(seed + 1);
    const names = Object.keys(universe);
    if (result.ok) {
      const chosen = new Map(result.solution.packages.map(({ name, version }) => [name, version]));
      const unused = (name: string): [string, string][] =>
        Object.keys(universe[name]!).flatMap((v): [string, string][] =>
          chosen.get(name) === v ? [] : [[name, v]],
        );
      const all = names.flatMap(unused);
      const drop = all[below(all.length)];
      if (drop !== undefined) {
        const { [drop[1]]: _, ...rest } = universe[drop[0]]!;
        // A package without versions would turn its name into a capability's: not the same question.
        if (Object.keys(rest).length > 0) {
          assert.ok(
            (await answer({ ...universe, [drop[0]]: rest }, roots)).ok,
            `seed ${seed}: unused ${drop}`,
          );
        }
      }
      const name = names[below(names.length)]!;
      const version = Object.keys(universe[name]!)[0]!;
      const { deps: _deps, ...free } = universe[name]![version]!;
      const eased = { ...universe, [name]: { ...universe[name]!, [version]: free } };
      assert.ok((await answer(eased, roots)).ok, `seed ${seed}: ${name} without dependencies`);
    } else {
      const name = names[below(names.length)]!;
      const [first, ...rest] = Object.entries(universe[name]!);
      if (first === undefined || rest.length === 0) continue;
      const fewer = { ...universe, [name]: Object.fromEntries(rest) };
      assert.equal((await answer(fewer, roots)).ok, false, `seed ${seed}: without ${name} ${first[0]}`);
    }
  }
});

test('oldest first agrees with newest first about whether there is a solution', async (context) => {
  const counts = await compareDirections(1, 60);
  context.diagnostic(JSON.stringify(counts));
  assert.ok(counts.solvable >= 15 && counts.unsolvable >= 15 && counts.different >= 10);
});

test('a failure is one still when only the dependencies that its proof cites are kept', async (context) => {
  const counts = await keepOnlyCited(1, 60);
  context.diagnostic(JSON.stringify(counts));
  assert.ok(counts.failures >= 15 && counts.removed >= 100);
});
