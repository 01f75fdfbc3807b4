import type { PolicyLimits, TrustPolicy } from './trust-policy.js';

/** The lowest limit of any layer; absent where none sets one. */
export function policyLimits({ layers }: TrustPolicy): PolicyLimits {
  const lowest = (name: keyof PolicyLimits) => {
    const set = layers.flatMap(({ limits }) => limits[name] ?? []);
    return set.length === 0 ? undefined : Math.min(...set);
  };
  return { signatures: lowest('signatures'), bundleBytes: lowest('bundleBytes') };
}
