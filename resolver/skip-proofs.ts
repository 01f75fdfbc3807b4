import type { ProblemPackage } from './encode/problem.js';
import { minimiseProof } from './proof/minimise-proof.js';
import type { Proof } from './proof/proof.js';
import type { Selection, Session } from './session.js';

/** Skipped optional dependencies that get a proof of their own; each costs one solve with everything given. */
export const MAX_SKIP_PROOFS = 20;

/** The reason in the lock is read off the proof: it must not depend on how fast this machine is. */
const UNTIL_MINIMAL = Number.POSITIVE_INFINITY;

/**
 * For each choice that was decided as "skip": why "take" does not go together with what is selected. By the
 * package that stands for the choice.
 */
export async function skipProofs(
  session: Session,
  selection: Selection,
): Promise<ReadonlyMap<ProblemPackage, Proof>> {
  const { problem } = session.encoder;
  const proofs = new Map<ProblemPackage, Proof>();
  const skipped = [...selection].filter(
    ([index, at]) => at === 0 && problem.packages[index]!.role === 'optional',
  );
  if (skipped.length === 0) return proofs;
  const must = (pkg: ProblemPackage, version: number): readonly [number, Int32Array] => [
    pkg.index,
    problem.except(pkg.index, problem.set(pkg.index, [version])),
  ];
  const given = [...selection].flatMap(([index, at]) => {
    const pkg = problem.packages[index]!;
    if (pkg.role !== 'extension') return [];
    return [
      problem.fact([must(pkg, at)], { type: 'selected', target: pkg.name, version: pkg.versions[at]! }),
    ];
  });
  for (const [index] of skipped.slice(0, MAX_SKIP_PROOFS)) {
    const choice = problem.packages[index]!;
    const taken = problem.fact([must(choice, 1)], { type: 'taken', target: choice.name });
    const outcome = await session.solve([...given, taken]);
    if (outcome.type === 'unsolvable')
      proofs.set(choice, minimiseProof(session.derivation(outcome.id), UNTIL_MINIMAL));
  }
  return proofs;
}
