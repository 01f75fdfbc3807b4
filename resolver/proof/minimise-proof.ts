import { extractProof } from '../solver/derivation.js';
import { Solver } from '../solver/solver.js';
import { Universe } from '../solver/universe.js';
import { ABSENT_BIT, addVersion, wordsFor } from '../solver/version-set.js';
import type { Proof, ProofFact, ProofTerm } from './proof.js';

/** Milliseconds for one proof. A real one has at most some dozens of facts, each costs some microseconds. */
export const MINIMISE_MS = 200;
/** Steps for one attempt: the rest of a minimal core is solved in far fewer. */
const MINIMISE_STEPS = 20_000;

/**
 * A proof from a minimal set of the same facts, with only the packages it speaks of: leaving out any one
 * fact makes a solution possible.
 * When the time is up before that is certain, the shortest proof so far, and it says so.
 */
export function minimiseProof(whole: Proof, budgetMs: number = MINIMISE_MS): Proof {
  const until = performance.now() + budgetMs;
  const proof = compactProof(whole);
  const prove = prover(proof);
  let best = proof;
  let certain = true;
  const needed = new Set<ProofFact>();
  for (;;) {
    const candidate = best.facts.find((fact) => !needed.has(fact));
    const ended = candidate === undefined;
    if (ended || performance.now() >= until)
      return compactProof(ended && certain ? best : { ...best, perhapsNotMinimal: true });
    const shorter = prove(best.facts.filter((fact) => fact !== candidate));
    if (typeof shorter === 'object') {
      best = shorter;
      continue;
    }
    needed.add(candidate);
    certain &&= shorter === 'solvable';
  }
}

type Attempt = Proof | 'solvable' | 'unknown';

/** Finds a proof that some of a proof's facts suffice, unless they leave a solution or are too hard. */
function prover({ packages, facts }: Proof): (some: readonly ProofFact[]) => Attempt {
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
    if (outcome.type !== 'unsolvable') return outcome.type === 'solved' ? 'solvable' : 'unknown';
    return extractProof(solver, outcome.id, { packages, factOf: (id) => facts[id]! });
  };
}

/** The same proof with only the packages it speaks of. */
function compactProof(proof: Proof): Proof {
  const lines = [...proof.facts, ...proof.steps];
  const used = new Set(lines.flatMap((line) => line.terms.map((term) => term.package)));
  const kept = [...used].sort((a, b) => a - b);
  const place = new Map(kept.map((pkg, i) => [pkg, i]));
  const rename = (terms: readonly ProofTerm[]): ProofTerm[] =>
    terms.map((term) => ({ ...term, package: place.get(term.package)! }));
  return {
    ...proof,
    packages: kept.map((pkg) => proof.packages[pkg]!),
    facts: proof.facts.map((fact) => ({ ...fact, terms: rename(fact.terms) })),
    steps: proof.steps.map((step) => ({ ...step, pivot: place.get(step.pivot)!, terms: rename(step.terms) })),
  };
}
