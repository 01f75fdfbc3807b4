import { ProvError } from '#base';
import type { Verdict } from './verdict.js';

/**
 * Returns only when the artifact may be used.
 * @throws TRUST_REFUSED with `reason` (a stable code), `rule` and every step in its details.
 */
export function assertTrusted(verdict: Verdict): void {
  if (verdict.ok) return;
  const { artifact, reason, explanation, rule, reasons } = verdict;
  throw new ProvError('TRUST_REFUSED', {
    artifact,
    reason,
    explanation,
    ...(rule === undefined ? {} : { rule }),
    reasons,
  });
}
