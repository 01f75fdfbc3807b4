import type { Proof } from './proof/proof.js';
import type { Solution, SolveStatistics } from './solution.js';

/** There is no solution, and `proof` shows why: a minimal set of facts and the steps from them. */
export interface Unsatisfiable {
  readonly type: 'unsatisfiable';
  readonly proof: Proof;
  readonly statistics: SolveStatistics;
}

/**
 * The step budget ran out before an answer. `contested` names the packages most in dispute; `learned` derives
 * the strongest thing that was found out, its last step says what cannot go together. `checkProof` accepts it
 * with `partial`.
 */
export interface BudgetExhausted {
  readonly type: 'budget';
  readonly budget: number;
  readonly contested: readonly string[];
  readonly learned?: Proof;
  readonly statistics: SolveStatistics;
}

export type ResolutionFailure = Unsatisfiable | BudgetExhausted;

export type ResolveResult =
  | { readonly ok: true; readonly solution: Solution }
  | { readonly ok: false; readonly failure: ResolutionFailure };
