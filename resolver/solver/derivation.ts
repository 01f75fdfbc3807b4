import type { Proof, ProofFact, ProofPackage, ProofStep, ProofTerm } from '../proof/proof.js';
import type { Solver } from './solver.js';
import { ABSENT_BIT, listVersions } from './version-set.js';

export interface DerivationNames {
  readonly packages: readonly ProofPackage[];
  /** The fact behind an incompatibility that was not learned. */
  factOf(id: number, terms: readonly ProofTerm[]): ProofFact;
}

/** The proof behind a learned incompatibility: only the facts and steps that lead to it. */
export function extractProof(solver: Solver, goal: number, { packages, factOf }: DerivationNames): Proof {
  const { universe, conflicts } = solver;
  const { facts: store } = universe;
  const order = topological(solver, goal);
  const factIds = order.filter((id) => conflicts.derivation[id] === -1).sort((a, b) => a - b);
  const place = new Map<number, number>();
  const setsOf = (id: number): Map<number, Int32Array> => {
    const sets = new Map<number, Int32Array>();
    for (let t = store.start[id]!; t < store.start[id + 1]!; t++) {
      const pkg = store.termPackage[t]!;
      const offset = store.termSet[t]!;
      sets.set(pkg, store.sets.slice(offset, offset + universe.words.data[pkg]!));
    }
    return sets;
  };
  const termsOf = (sets: ReadonlyMap<number, Int32Array>): ProofTerm[] =>
    [...sets].map(([pkg, set]) => ({
      package: pkg,
      versions: listVersions(set, 0, set.length),
      absent: (set[0]! & ABSENT_BIT) !== 0,
    }));
  const facts = factIds.map((id, i): ProofFact => {
    place.set(id, i);
    return factOf(id, termsOf(setsOf(id)));
  });
  const steps: ProofStep[] = [];
  for (const id of order) {
    const at = conflicts.derivation[id]!;
    if (at === -1) continue;
    const { data } = conflicts.chain;
    const sets = setsOf(data[at + 1]!);
    let left = place.get(data[at + 1]!)!;
    for (let i = 0; i < data[at]!; i++) {
      const pivot = data[at + 2 + 2 * i]!;
      const cause = data[at + 3 + 2 * i]!;
      resolveSets(sets, setsOf(cause), pivot, (pkg, set) => isFull(solver, pkg, set));
      steps.push({ left, right: place.get(cause)!, pivot, terms: termsOf(sets) });
      left = facts.length + steps.length - 1;
    }
    place.set(id, left);
  }
  return { packages, facts, steps };
}

/** Everything a derivation rests on, each after what it rests on itself; no recursion, chains are long. */
function topological({ conflicts }: Solver, goal: number): number[] {
  const { data } = conflicts.chain;
  const order: number[] = [];
  const seen = new Set<number>();
  const stack = [goal];
  while (stack.length > 0) {
    const id = stack.at(-1)!;
    const at = conflicts.derivation[id]!;
    const fresh: number[] = [];
    if (!seen.has(id) && at !== -1) {
      const parents = [data[at + 1]!];
      for (let i = 0; i < data[at]!; i++) parents.push(data[at + 3 + 2 * i]!);
      fresh.push(...parents.filter((parent) => !seen.has(parent)));
    }
    if (fresh.length > 0) {
      stack.push(...fresh.reverse());
      continue;
    }
    stack.pop();
    if (seen.has(id)) continue;
    seen.add(id);
    order.push(id);
  }
  return order;
}

function resolveSets(
  sets: Map<number, Int32Array>,
  cause: ReadonlyMap<number, Int32Array>,
  pivot: number,
  isAlways: (pkg: number, set: Int32Array) => boolean,
): void {
  for (const [pkg, set] of cause) {
    const mine = sets.get(pkg);
    if (mine === undefined) sets.set(pkg, set);
    else if (pkg === pivot)
      sets.set(
        pkg,
        mine.map((word, k) => word | set[k]!),
      );
    else
      sets.set(
        pkg,
        mine.map((word, k) => word & set[k]!),
      );
  }
  if (isAlways(pivot, sets.get(pivot)!)) sets.delete(pivot);
}

function isFull({ universe }: Solver, pkg: number, set: Int32Array): boolean {
  const at = universe.base.data[pkg]!;
  return set.every((word, k) => word === universe.full.data[at + k]);
}
