import { extractProof } from '../solver/derivation.js';
import { Solver } from '../solver/solver.js';
import { Universe } from '../solver/universe.js';
import { wordsFor } from '../solver/version-set.js';
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
  let best = proof;
  let solves = 0;
  const needed = new Set<ProofFact>();
  for (;;) {
    const candidate = best.facts.find((fact) => !needed.has(fact));
    if (candidate === undefined || solves++ >= MINIMISE_SOLVES) return best;
    const shorter = prove(
      proof,
      best.facts.filter((fact) => fact !== candidate),
    );
    if (shorter === undefined) needed.add(candidate);
    else best = shorter;
  }
}

/** A proof that some facts of `proof` suffice, or undefined when they leave a solution. */
function prove({ packages }: Proof, facts: readonly ProofFact[]): Proof | undefined {
  const universe = new Universe();
  for (const { versions } of packages) universe.addPackage(versions.length);
  universe.triggerEnd.data.fill(0);
  const { facts: store } = universe;
  const byId = new Map<number, ProofFact>();
  for (const fact of facts) {
    for (const term of fact.terms) {
      const words = wordsFor(packages[term.package]!.versions.length);
      const set = store.allocate(words);
      if (term.absent) store.sets[set]! |= 1;
      for (const v of term.versions) store.sets[set + ((v + 1) >>> 5)]! |= 1 << ((v + 1) & 31);
      store.addTerm(term.package, set);
    }
    byId.set(store.close(), fact);
  }
  const solver = new Solver(universe);
  solver.start([...byId.keys()], MINIMISE_STEPS);
  const outcome = solver.run();
  if (outcome.type !== 'unsolvable') return undefined;
  return extractProof(solver, outcome.id, { packages, factOf: (id) => byId.get(id)! });
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
