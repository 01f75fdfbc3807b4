import { canonicalJson, type Digest, digestOf } from '#base';
import type { PolicyLayer, TrustPolicy, Voter } from './trust-policy.js';

/**
 * One policy out of several, from the outermost (user, system) to the innermost (workspace, then infra).
 * An artifact must satisfy each of them by itself, and what one denies or revokes is denied for all: a
 * further policy can tighten what is accepted and never loosen it.
 */
export function combinePolicies(policies: readonly TrustPolicy[]): TrustPolicy {
  return policyOf(policies.flatMap(({ layers }) => layers));
}

export function policyOf(layers: readonly PolicyLayer[]): TrustPolicy {
  return { layers, digest: digestOfLayers(layers) };
}

/** Where a file lies does not change a verdict, so `source` is left out. */
function digestOfLayers(layers: readonly PolicyLayer[]): Digest {
  const plain = layers.map(({ source: _, keys, rules, deny, limits, ...rest }) => ({
    ...rest,
    // What a policy does not say adds nothing: its digest stays when prov learns something new.
    ...(Object.values(limits).every((limit) => limit === undefined) ? {} : { limits }),
    keys: [...keys.values()]
      .map(({ key, ...facts }) => ({ ...facts, id: key.id }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    rules: rules.map(({ pattern, requires, witnesses, ...rule }) => ({
      ...rule,
      pattern: pattern.text,
      requires: requires.map(({ by, maxAge }) =>
        maxAge === undefined ? plainVoter(by) : { by: plainVoter(by), maxAge },
      ),
      ...(witnesses.log + witnesses.timestamp === 0 ? {} : { witnesses }),
    })),
    deny: deny.map(({ pattern, ...denial }) => ({ ...denial, pattern: pattern?.text })),
  }));
  return digestOf(canonicalJson(plain));
}

function plainVoter(voter: Voter): unknown {
  return voter.type === 'principal' ? { ...voter } : { ...voter, of: voter.of.map(plainVoter) };
}
