import * as z from 'zod';
import { checkYaml, type YamlFile } from '#schemas';
import { standIn } from './containers-policy.js';
import type { PolicyDraft } from './policy-draft.js';

const text = z.string().max(1024);
const LEVELS = ['strict', 'permissive', 'audit', 'skip'] as const;
const policySchema = z.strictObject({
  version: z.literal('1.0'),
  trustPolicies: z
    .array(
      z.strictObject({
        name: text,
        registryScopes: z.array(text).min(1).max(1000),
        signatureVerification: z.strictObject({
          level: z.enum(LEVELS),
          override: z.record(text, text).optional(),
          verifyTimestamp: text.optional(),
        }),
        trustStores: z.array(text).max(100).optional(),
        trustedIdentities: z.array(text).max(100).optional(),
      }),
    )
    .max(1000),
});

/**
 * Reads a Notation trust policy. Its signatures are of X.509 certificates in JWS or COSE, which prov does not verify:
 * scopes are carried over for the keys that stand in for them.
 * @throws SCHEMAS_*
 * @see Notary Project specifications, trust-store-trust-policy.md, "Trust Policy"
 */
export function importNotationPolicy(written: YamlFile, draft: PolicyDraft): void {
  for (const [i, policy] of checkYaml(written, policySchema).value.trustPolicies.entries()) {
    const at = `trustPolicies[${i}] (${policy.name})`;
    const { level, override, verifyTimestamp } = policy.signatureVerification;
    if (level === 'skip') {
      draft.note('refused', at, 'it verified nothing; prov has no such rule');
      continue;
    }
    if (level !== 'strict')
      draft.note(
        'stricter',
        at,
        `its level was ${level}; a rule that only warns needs a reason and an end (mode, until)`,
      );
    if (override !== undefined)
      draft.note(
        'stricter',
        at,
        `overrides of single checks are not carried over: ${Object.keys(override).join(', ')}`,
      );
    if (verifyTimestamp !== undefined)
      draft.note('left-out', at, 'verifyTimestamp is about certificates that have expired');
    draft.note(
      'looser',
      at,
      'signatures of Notation may expire; those of prov count as long as their key does',
    );
    const voter = standIn(draft, at, `certificates of ${policy.trustStores?.join(', ') || 'a trust store'}`);
    for (const scope of policy.registryScopes) {
      const pattern = draft.pattern(scope === '*' ? '**' : scope, at, scope);
      if (pattern === undefined) continue;
      if (voter === undefined)
        draft.refuse({ pattern, reason: 'the imported policy asks for certificates', at });
      else draft.accept({ name: policy.name, pattern, by: [voter], at });
    }
  }
}
