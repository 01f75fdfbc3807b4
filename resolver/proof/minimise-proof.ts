import { extractProof } from '../solver/derivation.js';
import { Solver } from '../solver/solver.js';
import { Universe } from '../solver/universe.js';
import { ABSENT_BIT, addVersion, wordsFor } from '../solver/version-set.js';
import type { Proof, ProofFact, ProofTerm } from './proof.js';

/** Solves for one proof; real proofs have at most some dozens of facts, each costs one or two. */
export const MINIMISE_SOLVES = 400;
/** Steps for one attempt: the rest of a minimal core is solved in far fewer. */
const MINIMISE_STEPS = 20_000;

/**
 * A proof from a minimal set of the same facts: leaving out any one of them makes a solution possible.
 * Very long proofs are made shorter but perhaps not minimal.
 */
export function minimiseProof(proof: Proof): Proof {
  const prove = prover(proof);
  let best = proof;
  const needed = new Set<ProofFact>();
  for (let solves = 0; solves < MINIMISE_SOLVES; solves++) {
    const candidate = best.facts.find((fact) => !needed.has(fact));
    if (candidate === undefined) break;
    const shorter = prove(best.facts.filter((fact) => fact !== candidate));
    if (shorter === undefined) needed.add(candidate);
    else best = shorter;
  }
  return best;
}

/** Finds a proof that some of a proof's facts suffice, or undefined when they leave a solution. */
function prover({ packages, facts }: Proof): (some: readonly ProofFact[]) => Proof | undefined {
  const universe = new Universe();
  for (const { versions } of packages) universe.addPackage(versions.length);
  universe.triggerEnd.data.fill(0);
  const { facts: store } = universe;
  for (const { terms } of facts) {
    for (const term of terms) {
      const set = store.allocate(wordsFor(packages[term.package]!.versions.length));
      if (term.absent) store.sets[set]! |= ABSENT_BIT;
      for (const v of term.versions) addVersion(store.sets, set, v);
      store.addTerm(term.package, set);
    }
    store.close();
  }
  const places = new Map(facts.map((fact, id) => [fact, id]));
  const solver = new Solver(universe);
  return (some) => {
    solver.start(
      some.map((fact) => places.get(fact)!),
      MINIMISE_STEPS,
    );
    const outcome = solver.run();
    if (outcome.type !== 'unsolvable') return undefined;
    return extractProof(solver, outcome.id, { packages, factOf: (id) => facts[id]! });
  };
}

/** The same proof with only the packages it speaks of. */
export function compactProof(proof: Proof): Proof {
  const lines = [...proof.facts, ...proof.steps];
  const used = new Set(lines.flatMap((line) => line.terms.map((term) => term.package)));
  const kept = [...used].sort((a, b) => a - b);
  const place = new Map(kept.map((pkg, i) => [pkg, i]));
  const rename = (terms: readonly ProofTerm[]): ProofTerm[] =>
    terms.map((term) => ({ ...term, package: place.get(term.package)! }));
  return {
    packages: kept.map((pkg) => proof.packages[pkg]!),
    facts: proof.facts.map((fact) => ({ ...fact, terms: rename(fact.terms) })),
    steps: proof.steps.map((step) => ({ ...step, pivot: place.get(step.pivot)!, terms: rename(step.terms) })),
  };
}
