import assert from 'node:assert/strict';
import { checkProof } from '../proof/check-proof.js';
import type { Proof, ProofFact, ProofStep, ProofTerm } from '../proof/proof.js';
import { resolve } from '../resolve.js';
import { factHolds, type World } from './oracle.js';
import { FactOracle } from './proof-facts.js';
import { randomUniverse } from './random-universe.js';
import { optionsOf } from './run-universes.js';

const TARGET = { platforms: ['linux/amd64', 'linux/arm64'], provVersion: '1.5.0' };

/**
 * Changes the proofs of random universes in every place. A mutant that the checker accepts must be a proof
 * still: its facts hold in the world, and MiniSat finds that each step follows from its premises.
 */
export async function mutateProofs(
  firstSeed: number,
  count: number,
): Promise<{ refused: number; valid: number }> {
  const counts = { refused: 0, valid: 0 };
  const oracle = new FactOracle();
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const world: World = { ...randomUniverse(seed), ...TARGET };
    const result = await resolve(optionsOf(world));
    if (result.ok || result.failure.type !== 'unsatisfiable') continue;
    const { proof } = result.failure;
    const holds = (fact: ProofFact, of: Proof): boolean => factHolds(fact, of, world);
    assert.equal(checkProof(proof, { holds }), undefined, `seed ${seed}`);
    for (const { what, mutant } of mutantsOf(proof)) {
      if (checkProof(mutant, { holds }) !== undefined) {
        counts.refused++;
        continue;
      }
      counts.valid++;
      assert.ok(
        mutant.facts.every((fact) => holds(fact, mutant)),
        `seed ${seed}: ${what}`,
      );
      assert.ok(isDerived(mutant, proof, oracle), `seed ${seed}: ${what}`);
    }
  }
  return counts;
}

/**
 * Whether nothing can break a step without breaking a premise of it, and the last one cannot be broken. Steps
 * that are those of the original, from the same premises, follow as they did there.
 */
function isDerived(proof: Proof, original: Proof, oracle: FactOracle): boolean {
  const { packages, facts, steps } = proof;
  const lines = [...facts, ...steps];
  const before = [...original.facts, ...original.steps];
  const isChanged = (at: number): boolean => lines[at] !== before[at];
  const follows = steps.every(({ left, right, terms }, i) => {
    if (!isChanged(facts.length + i) && !isChanged(left) && !isChanged(right)) return true;
    const premises = [lines[left]!, lines[right]!].map((line) => ({ terms: line.terms, cause: GIVEN }));
    // The step is broken when all its terms hold: each alone, as a fact against everything else.
    const broken = terms.map((term) => ({ terms: [opposite(term, proof)], cause: GIVEN }));
    const all: ProofFact[] = [...premises, ...broken];
    return !oracle.of({ packages, facts: all, steps: [] })(all);
  });
  return follows && lines.at(-1)?.terms.length === 0;
}

const GIVEN = { type: 'malformed', reason: 'given' } as const;

function opposite({ package: pkg, versions, absent }: ProofTerm, { packages }: Proof): ProofTerm {
  const others = [...packages[pkg]!.versions.keys()].filter((v) => !versions.includes(v));
  return { package: pkg, versions: others, absent: !absent };
}

interface Mutant {
  readonly what: string;
  readonly mutant: Proof;
}

function* mutantsOf(proof: Proof): Iterable<Mutant> {
  const { packages, facts, steps } = proof;
  for (const [i, fact] of facts.entries()) {
    const replaced = (changed: ProofFact): Proof => ({
      ...proof,
      facts: facts.map((each, k) => (k === i ? changed : each)),
    });
    for (const terms of changedTerms(fact.terms, proof))
      yield { what: `terms of fact ${i}`, mutant: replaced({ ...fact, terms }) };
    const other = facts[(i + 1) % facts.length]!.cause;
    if (other.type !== fact.cause.type)
      yield { what: `cause of fact ${i}`, mutant: replaced({ ...fact, cause: other }) };
  }
  for (const [i, step] of steps.entries()) {
    const replaced = (changed: Partial<ProofStep>): Proof => ({
      ...proof,
      steps: steps.map((each, k) => (k === i ? { ...each, ...changed } : each)),
    });
    for (const terms of changedTerms(step.terms, proof))
      yield { what: `terms of step ${i}`, mutant: replaced({ terms }) };
    yield { what: `pivot of step ${i}`, mutant: replaced({ pivot: (step.pivot + 1) % packages.length }) };
    yield { what: `left of step ${i}`, mutant: replaced({ left: (step.left + 1) % (facts.length + i) }) };
    yield { what: `right of step ${i}`, mutant: replaced({ right: (step.right + 1) % (facts.length + i) }) };
    yield { what: `premise of step ${i}`, mutant: replaced({ left: facts.length + i }) };
  }
  if (steps.length > 0) yield { what: 'no last step', mutant: { ...proof, steps: steps.slice(0, -1) } };
  yield { what: 'no facts', mutant: { packages, facts: [], steps: [] } };
}

/** One term less, and each term with one version more. */
function* changedTerms(terms: readonly ProofTerm[], { packages }: Proof): Iterable<readonly ProofTerm[]> {
  for (const [t, term] of terms.entries()) {
    yield terms.filter((_, k) => k !== t);
    const missing = packages[term.package]!.versions.findIndex((_, v) => !term.versions.includes(v));
    if (missing < 0 && term.absent) continue;
    const wider =
      missing < 0 ? { ...term, absent: true } : { ...term, versions: [...term.versions, missing] };
    yield terms.map((each, k) => (k === t ? wider : each));
  }
}
