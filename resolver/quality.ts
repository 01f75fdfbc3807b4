import type { ProblemPackage } from './encode/problem.js';
import { minimiseProof } from './proof/minimise-proof.js';
import type { Proof } from './proof/proof.js';
import { Ranks } from './ranks.js';
import type { Selection, Session } from './session.js';

/** How many of the best candidates of contested packages are allowed, one attempt after the other. */
export const STALENESS_LIMITS: readonly number[] = [1, 2, 3, 5, 10];
/** Only a conflict that pushed a package back by more candidates than this is worth looking for another way. */
export const TOLERATED_STALENESS = 3;
/** Steps of all attempts to do better together: well under a tenth of a second. */
export const IMPROVEMENT_STEPS = 50_000;

/** A solution carries its proofs as they were found; whoever shows one makes it minimal. */
const AS_FOUND = 0;

export interface Improved {
  readonly selection: Selection;
  /** By direct dependency that is not at its best candidate: why it cannot be better. */
  readonly heldBack: ReadonlyMap<ProblemPackage, Proof>;
}

/**
 * A selection at least as new as the one just found. The solver takes what it meets first at its newest, and
 * a conflict may then push others far back: this looks for a solution near the top for all of them, then
 * for each direct dependency whether it can be better with no other direct dependency worse.
 */
export async function improve(session: Session, found: Selection): Promise<Improved> {
  const { encoder } = session;
  const ranks = new Ranks(session);
  const limited = session.limited(IMPROVEMENT_STEPS);
  let selection = await deepen(session, { found, ranks, limited });
  const direct = encoder.problem.packages.filter(
    ({ id }) => id !== undefined && encoder.policy.direct.has(id),
  );
  const heldBack = new Map<ProblemPackage, Proof>();
  for (let i = 0; i < direct.length; i++) {
    const pkg = direct[i]!;
    const rank = ranks.of(pkg, selection);
    if (rank === 0 || heldBack.has(pkg)) continue;
    const facts = ranks.atLeast(pkg, rank - 1, 'wanted');
    for (const other of direct)
      if (other !== pkg) facts.push(...ranks.atLeast(other, ranks.of(other, selection), 'kept'));
    const outcome = await limited(facts);
    if (outcome.type === 'unsolvable') {
      heldBack.set(pkg, minimiseProof(session.derivation(outcome.id), AS_FOUND));
    } else if (outcome.type === 'solved') {
      selection = outcome.selection;
      // What held others back may be gone.
      heldBack.clear();
      i = -1;
    }
  }
  return { selection, heldBack };
}

interface Deepening {
  readonly found: Selection;
  readonly ranks: Ranks;
  readonly limited: ReturnType<Session['limited']>;
}

async function deepen(session: Session, { found, ranks, limited }: Deepening): Promise<Selection> {
  const contested = session.contested();
  if (!contested.some((pkg) => ranks.of(pkg, found) > TOLERATED_STALENESS)) return found;
  for (const limit of STALENESS_LIMITS) {
    const outcome = await limited(contested.flatMap((pkg) => ranks.atLeast(pkg, limit - 1, 'kept')));
    if (outcome.type !== 'solved') continue;
    const [before, after] = [ranks.staleness(found), ranks.staleness(outcome.selection)];
    const isBetter =
      after.direct < before.direct || (after.direct === before.direct && after.all < before.all);
    return isBetter ? outcome.selection : found;
  }
  return found;
}
