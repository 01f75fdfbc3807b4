import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkProof } from './proof/check-proof.js';
import type { Proof } from './proof/proof.js';
import { resolve } from './resolve.js';
import { memorySource, type ShortUniverse, wanted } from './testing/memory-source.js';
import { randomSource, randomUniverse } from './testing/random-universe.js';

const TARGET = { platforms: ['linux/amd64'], provVersion: '1.5.0' };

async function answer(universe: ShortUniverse, roots: Readonly<Record<string, string>>) {
  const requirements = Object.entries(roots).map(([name, range]) => wanted(name, range));
  return resolve({ requirements, source: memorySource(universe), ...TARGET });
}

test('order and delay of the answers do not change the result', async () => {
  for (let seed = 1; seed <= 80; seed++) {
    const { universe, roots } = randomUniverse(seed);
    const expected = await answer(universe, roots);
    const below = randomSource(seed * 31);
    const shuffle = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
      Object.fromEntries(
        Object.entries(record)
          .map((entry) => ({ entry, at: below(1000) }))
          .sort((a, b) => a.at - b.at)
          .map(({ entry }) => entry),
      );
    const shuffled = Object.fromEntries(
      Object.entries(shuffle(universe)).map(([name, versions]) => [
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
    const source = memorySource(shuffled, wait);
    const requirements = Object.entries(shuffle(roots)).map(([name, range]) => wanted(name, range));
    const found = await resolve({ requirements, source, ...TARGET });
    assert.deepEqual(plain(found), plain(expected), `seed ${seed}`);
  }
});

/** A result without how long it took. */
function plain(result: Awaited<ReturnType<typeof resolve>>): unknown {
  return JSON.parse(JSON.stringify(result, (key, value: unknown) => (key === 'elapsedMs' ? 0 : value)));
}

test('a mutated proof is refused', async () => {
  let refused = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const { universe, roots } = randomUniverse(seed);
    const result = await answer(universe, roots);
    if (result.ok || result.failure.type !== 'unsatisfiable') continue;
    const { proof } = result.failure;
    assert.equal(checkProof(proof), undefined, `seed ${seed}`);
    for (const mutant of mutants(proof)) {
      assert.notEqual(checkProof(mutant), undefined, `seed ${seed}`);
      refused++;
    }
  }
  assert.ok(refused > 300, String(refused));
});

/** Proofs that each claim a little more than was shown. */
function* mutants(proof: Proof): Iterable<Proof> {
  const { packages, facts, steps } = proof;
  const stride = Math.ceil(steps.length / 4);
  for (let i = 0; i < steps.length; i += stride) {
    const step = steps[i]!;
    const replaced = (changed: Partial<typeof step>): Proof => ({
      packages,
      facts,
      steps: steps.map((each, k) => (k === i ? { ...each, ...changed } : each)),
    });
    for (const [t, term] of step.terms.entries()) {
      yield replaced({ terms: step.terms.filter((_, k) => k !== t) });
      const missing = packages[term.package]!.versions.findIndex((_, v) => !term.versions.includes(v));
      const wider =
        missing < 0 ? { ...term, absent: true } : { ...term, versions: [...term.versions, missing] };
      if (missing >= 0 || !term.absent)
        yield replaced({ terms: step.terms.map((each, k) => (k === t ? wider : each)) });
    }
    yield replaced({ left: facts.length + i });
    yield replaced({ right: facts.length + steps.length });
  }
  if (steps.length > 0) yield { packages, facts, steps: steps.slice(0, -1) };
  yield { packages: packages.slice(0, -1), facts: [], steps: [] };
}

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
