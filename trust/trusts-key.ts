import { rangeCovers } from '#schemas';
import type { VerifyRequest } from './artifact-facts.js';
import { revokedKeys } from './deny-list.js';
import { logicalRepository } from './logical-repository.js';
import { matchesPattern } from './repository-pattern.js';
import { isSatisfied, principalsOf } from './threshold.js';
import type { PolicyKey, PolicyLayer, PolicyRule, TrustPolicy } from './trust-policy.js';

/**
 * Whether every layer of a policy lets this one key speak for an artifact: its most specific rule about the
 * artifact is satisfied by the key's owner alone, and the key is in force. A layer that inherits and has no rule
 * does not object.
 */
export function trustsKey(
  policy: TrustPolicy,
  keyId: string,
  request: VerifyRequest,
  now: number = Date.now(),
): boolean {
  if (revokedKeys(policy, now).has(keyId) || policy.layers.length === 0) return false;
  const open = policy.layers.every(({ fallback }) => fallback !== 'deny');
  return policy.layers.every((layer, at) => {
    if (layer.expires !== undefined && now >= layer.expires) return false;
    const rule = layer.rules.find((each) => applies(each, layer, request));
    if (rule === undefined) return layer.fallback !== 'deny' && !(open && at === 0);
    return speaksFor(rule, layer, keyId) && inForce(layer.keys.get(keyId), now);
  });
}

function applies(rule: PolicyRule, layer: PolicyLayer, request: VerifyRequest): boolean {
  if (!matchesPattern(rule.pattern, logicalRepository(request, layer.mirrors))) return false;
  if (rule.kind !== undefined && rule.kind !== request.kind) return false;
  return (
    rule.version === undefined ||
    (request.version !== undefined && rangeCovers(rule.version, request.version))
  );
}

function speaksFor(rule: PolicyRule, layer: PolicyLayer, keyId: string): boolean {
  if (!layer.keys.has(keyId)) return false;
  const owners = rule.requires
    .flatMap(({ by }) => principalsOf(by))
    .filter(({ keyIds }) => keyIds.includes(keyId))
    .map(({ name }) => name);
  const signed = new Set(owners);
  return owners.length > 0 && rule.requires.every(({ by }) => isSatisfied(by, signed));
}

function inForce(key: PolicyKey | undefined, now: number): boolean {
  if (key === undefined || key.status !== 'active') return false;
  if (key.validFrom !== undefined && now < key.validFrom) return false;
  return key.validUntil === undefined || now < key.validUntil;
}
