import { policyOf } from './combine-policies.js';
import type { TrustPolicy } from './trust-policy.js';

/** The same policy in which signatures of one key count for nothing, wherever it is trusted. */
export function withoutKey(policy: TrustPolicy, keyId: string): TrustPolicy {
  return policyOf(
    policy.layers.map((layer) => {
      const key = layer.keys.get(keyId);
      return key === undefined
        ? layer
        : { ...layer, keys: new Map([...layer.keys, [keyId, { ...key, status: 'revoked' as const }]]) };
    }),
  );
}
