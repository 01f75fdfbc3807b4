import type { Proof, ProofFact, ProofTerm } from './proof.js';

/** What is wrong with a proof, and at which fact or step. */
export interface ProofFlaw {
  readonly at: number;
  readonly reason: string;
}

export interface CheckProofOptions {
  /** Whether a fact holds in the world; without it, facts are taken as given. */
  readonly holds?: (fact: ProofFact, proof: Proof) => boolean;
  /** Every step must follow, but the last one need not be a contradiction. */
  readonly partial?: boolean;
}

/**
 * Whether a proof proves that there is no solution: undefined when it does, else its first flaw. Shares no
 * code with the solver and knows only sets: a step may forbid what its two premises forbid, no more.
 */
export function checkProof(proof: Proof, { holds, partial }: CheckProofOptions = {}): ProofFlaw | undefined {
  const lines: { readonly terms: readonly ProofTerm[] }[] = [];
  for (const [at, fact] of proof.facts.entries()) {
    const reason = malformed(proof, fact.terms);
    if (reason !== undefined) return { at, reason };
    if (holds?.(fact, proof) === false) return { at, reason: 'the fact does not hold' };
    lines.push(fact);
  }
  for (const step of proof.steps) {
    const at = lines.length;
    const reason = malformed(proof, step.terms);
    if (reason !== undefined) return { at, reason };
    const left = lines[step.left];
    const right = lines[step.right];
    if (left === undefined || right === undefined)
      return { at, reason: 'it rests on what was not shown before' };
    const about = new Set([...left.terms, ...right.terms, ...step.terms].map((term) => term.package));
    for (const pkg of about) {
      const { name, versions } = proof.packages[pkg]!;
      const [a, b] = [setOf(left.terms, pkg, versions.length), setOf(right.terms, pkg, versions.length)];
      const covered = (element: number): boolean =>
        pkg === step.pivot ? a.has(element) || b.has(element) : a.has(element) && b.has(element);
      if (![...setOf(step.terms, pkg, versions.length)].every(covered)) {
        return { at, reason: `it says more of ${name} than its premises` };
      }
    }
    lines.push(step);
  }
  const last = lines.at(-1);
  if (last === undefined || (last.terms.length > 0 && partial !== true))
    return { at: lines.length - 1, reason: 'it does not end in a contradiction' };
  return undefined;
}

function malformed(proof: Proof, terms: readonly ProofTerm[]): string | undefined {
  const seen = new Set<number>();
  for (const term of terms) {
    const described = proof.packages[term.package];
    if (described === undefined) return 'a term names no package';
    if (seen.has(term.package)) return 'two terms name one package';
    seen.add(term.package);
    if (term.versions.some((v) => described.versions[v] === undefined)) return 'a term names no version';
  }
  return undefined;
}

/** A package without a term may be anything. -1 stands for "not selected". */
function setOf(terms: readonly ProofTerm[], pkg: number, size: number): ReadonlySet<number> {
  const term = terms.find((each) => each.package === pkg);
  if (term === undefined) return new Set(Array.from({ length: size + 1 }, (_, i) => i - 1));
  return new Set(term.absent ? [-1, ...term.versions] : term.versions);
}
