import type { LayerOutcome } from './evaluate-layer.js';
import { type Reason, reason } from './reason.js';

/** Who signed the version that was used before. */
export interface PreviousSigner {
  readonly version: string;
  /** A principal, as the lock names it. */
  readonly identity: string;
}

export interface Continuity {
  readonly outcomes: readonly LayerOutcome[];
  readonly warnings: readonly Reason[];
}

/**
 * Looks whether the signer of the version used before has signed again, for the rules that ask. A rule that
 * enforces it refuses otherwise; one that warns keeps its "yes" and says so. Without an earlier signer there is
 * nothing to compare.
 */
export function withContinuity(
  outcomes: readonly LayerOutcome[],
  previous: PreviousSigner | undefined,
): Continuity {
  const signed = new Set(outcomes.flatMap(({ votes }) => votes.map(({ principal }) => principal)));
  if (previous === undefined || signed.has(previous.identity)) return { outcomes, warnings: [] };
  const warnings: Reason[] = [];
  const detail = `${previous.version} was signed by ${previous.identity}, this by ${[...signed].sort().join(', ') || 'nobody'}`;
  const compared = outcomes.map((outcome): LayerOutcome => {
    const asked = outcome.rule?.signerContinuity;
    if (asked === undefined || !outcome.verified) return outcome;
    const changed = reason('signer-changed', detail, { layer: outcome.source });
    const steps = [...outcome.steps, changed];
    if (asked === 'enforce') return { ...outcome, verified: false, reason: changed, steps };
    warnings.push(changed);
    return { ...outcome, steps };
  });
  return { outcomes: compared, warnings };
}
