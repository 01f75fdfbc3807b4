import { policyOf } from './combine-policies.js';
import type { PublicKey } from './public-key.js';
import { parsePattern } from './repository-pattern.js';
import type { Bind, TrustPolicy } from './trust-policy.js';

/** A policy that accepts what any one of these keys has signed, whatever it is: for `prov ext verify --key`. */
export function policyForKeys(
  keys: readonly PublicKey[],
  options: { readonly bind?: Bind | undefined } = {},
): TrustPolicy {
  const known = new Map(
    keys.map((key) => [key.id, { name: `key:${key.id}`, key, status: 'active' as const }]),
  );
  const of = [...known.keys()].map((id) => ({ type: 'principal' as const, name: `key:${id}`, keyIds: [id] }));
  const anyone = { type: 'authority' as const, name: 'the given keys', threshold: 1, of };
  const rule = {
    id: 'given-keys',
    pattern: parsePattern('**'),
    requires: [{ by: anyone }],
    witnesses: { log: 0, timestamp: 0 },
    bind: options.bind ?? 'strict',
    mode: 'enforce' as const,
  };
  return policyOf([
    {
      source: 'the given keys',
      version: 1,
      fallback: 'deny',
      keys: known,
      rules: [rule],
      deny: [],
      mirrors: [],
      limits: {},
    },
  ]);
}
