import { rangeCovers } from '#schemas';
import type { ArtifactFacts, VerifyRequest } from './artifact-facts.js';
import { logicalRepository } from './logical-repository.js';
import { matchesPattern } from './repository-pattern.js';
import type { Denial, PolicyLayer, TrustPolicy } from './trust-policy.js';

/** The first denial of any layer that is about this artifact, under the name it was asked by or signed as. */
export function findDenial(
  policy: TrustPolicy,
  request: VerifyRequest,
  facts: ArtifactFacts,
  now: number,
): { denial: Denial; layer: PolicyLayer } | undefined {
  for (const layer of policy.layers) {
    const names = [request, logicalRepository(request, layer.mirrors)];
    const denial = layer.deny.find((each) => {
      if (!inForce(each, now)) return false;
      if (each.digest !== undefined) return facts.digests.has(each.digest);
      const { pattern, versions } = each;
      if (pattern === undefined || !names.some((name) => matchesPattern(pattern, name))) return false;
      const version = facts.name?.version ?? request.version;
      return versions === undefined || (version !== undefined && rangeCovers(versions, version));
    });
    if (denial !== undefined) return { denial, layer };
  }
  return undefined;
}

/** Keys that some layer has revoked or denied: no layer may trust them any more. */
export function revokedKeys(policy: TrustPolicy, now: number): ReadonlyMap<string, string> {
  const revoked = new Map<string, string>();
  for (const layer of policy.layers) {
    for (const [id, { status }] of layer.keys)
      if (status === 'revoked') revoked.set(id, `revoked by ${layer.source}`);
    for (const each of layer.deny)
      if (each.keyId !== undefined && inForce(each, now)) revoked.set(each.keyId, each.reason);
  }
  return revoked;
}

function inForce(denial: Denial, now: number): boolean {
  return denial.until === undefined || now < denial.until;
}
