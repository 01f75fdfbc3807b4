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

export interface Revocation {
  readonly why: string;
  /** What is proven to be signed before this time still counts; nothing does when it is absent. */
  readonly compromisedAfter?: number | undefined;
}

/**
 * Keys that some layer has revoked or denied: no layer may trust them any more. Where several do, the one that
 * leaves least holds.
 */
export function revokedKeys(policy: TrustPolicy, now: number): ReadonlyMap<string, Revocation> {
  const revoked = new Map<string, Revocation>();
  const add = (id: string, next: Revocation) => {
    const before = revoked.get(id);
    if (before === undefined || leaves(next) < leaves(before)) revoked.set(id, next);
  };
  for (const layer of policy.layers) {
    for (const [id, { status }] of layer.keys)
      if (status === 'revoked') add(id, { why: `revoked by ${layer.source}` });
    for (const each of layer.deny)
      if (inForce(each, now))
        for (const id of each.keyIds ?? [])
          add(id, { why: each.reason, compromisedAfter: each.compromisedAfter });
  }
  return revoked;
}

function leaves({ compromisedAfter = Number.NEGATIVE_INFINITY }: Revocation): number {
  return compromisedAfter;
}

function inForce({ from, until }: Denial, now: number): boolean {
  return (from === undefined || now >= from) && (until === undefined || now < until);
}
