import type { Mode } from '#schemas';
import { policyOf } from './combine-policies.js';
import { parsePattern } from './repository-pattern.js';
import type { EnforcementMode, PolicyLayer, TrustPolicy } from './trust-policy.js';

/** What each mode does with an artifact when no policy file says who may sign it. */
const WITHOUT_POLICY: Readonly<Record<Mode, EnforcementMode>> = {
  solo: 'warn',
  'multi-user': 'audit',
  cicd: 'enforce',
  enterprise: 'enforce',
};
const NOBODY = { type: 'authority', name: 'nobody', threshold: 1, of: [] } as const;

/**
 * The policy of a mode without a policy file: solo warns about everything, multi-user only records, cicd
 * and enterprise refuse, because no key is trusted.
 */
export function defaultPolicy(mode: Mode): TrustPolicy {
  const rule = {
    id: `mode-${mode}`,
    pattern: parsePattern('**'),
    requires: [{ by: NOBODY }],
    witnesses: { log: 0, timestamp: 0 },
    bind: 'strict',
    mode: WITHOUT_POLICY[mode],
  } as const;
  return policyOf([
    {
      source: `mode ${mode}`,
      version: 1,
      fallback: 'deny',
      keys: new Map(),
      rules: [rule],
      deny: [],
      mirrors: [],
      limits: {},
    },
  ]);
}

/**
 * What is in force in a mode: the policy files, outermost first, or the mode's default when there is none
 * (or only files that inherit). In enterprise every rule enforces, whatever its file says.
 */
export function effectivePolicy(mode: Mode, files: readonly TrustPolicy[]): TrustPolicy {
  const layers = files.flatMap((file) => file.layers);
  const based = layers.some(({ fallback }) => fallback === 'deny')
    ? layers
    : [...defaultPolicy(mode).layers, ...layers];
  return policyOf(mode === 'enterprise' ? based.map(enforcing) : based);
}

function enforcing(layer: PolicyLayer): PolicyLayer {
  return { ...layer, rules: layer.rules.map((rule) => ({ ...rule, mode: 'enforce' as const })) };
}
