import Logic from 'logic-solver';
import type { Proof, ProofFact } from '../proof/proof.js';

/** Proofs that share one instance: each instance of MiniSat takes megabytes of memory and some time. */
const SHARED = 40;

/** Asks MiniSat about the facts of proofs: one variable a version, nothing else taken from the resolver. */
export class FactOracle {
  private solver = new Logic.Solver();
  private used = 0;

  /** Whether some choice of versions breaks none of the facts that are asked for. */
  of(proof: Proof): (facts: readonly ProofFact[]) => boolean {
    if (this.used === SHARED) {
      this.solver = new Logic.Solver();
      this.used = 0;
    }
    const { solver } = this;
    const own = `p${this.used++}`;
    const variables = proof.packages.map(({ versions }, pkg) => versions.map((_, v) => `${own}:${pkg}@${v}`));
    for (const versions of variables) if (versions.length > 1) solver.require(Logic.atMostOne(...versions));
    for (const [at, { terms }] of proof.facts.entries()) {
      // Not every term may hold: one package is a version outside its set, or is not selected at all.
      const ways = terms.flatMap(({ package: pkg, versions, absent }) => {
        const inside = new Set(versions);
        const outside = variables[pkg]!.filter((_, v) => !inside.has(v));
        return absent ? outside : [...outside, Logic.not(Logic.or(...variables[pkg]!))];
      });
      solver.require(Logic.or(`-${own}:fact${at}`, ...ways));
    }
    return (facts) =>
      solver.solveAssuming(Logic.and(...facts.map((fact) => `${own}:fact${proof.facts.indexOf(fact)}`))) !==
      null;
  }
}
