import * as z from 'zod';
import { checkYaml, type YamlFile } from '#schemas';
import { type GlobDialect, patternOf } from './cluster-image-policy.js';
import { standIn } from './containers-policy.js';
import type { PolicyDraft } from './policy-draft.js';

const KYVERNO: GlobDialect = { home: 'docker.io', starCrosses: true };
const text = z.string().max(65_536);
const anything = z.unknown().optional();
const entry = z.strictObject({
  keys: z
    .strictObject({
      publicKeys: text.optional(),
      signatureAlgorithm: text.optional(),
      secret: anything,
      kms: text.optional(),
      rekor: z.looseObject({ ignoreTlog: z.boolean().optional() }).optional(),
      ctlog: anything,
    })
    .optional(),
  certificates: anything,
  keyless: anything,
  attestor: anything,
  annotations: anything,
  repository: text.optional(),
  signatureAlgorithm: text.optional(),
});
const verification = z.strictObject({
  type: text.optional(),
  imageReferences: z.array(text).min(1).max(1000),
  skipImageReferences: z.array(text).optional(),
  attestors: z
    .array(z.strictObject({ count: z.int().positive().optional(), entries: z.array(entry).min(1).max(100) }))
    .max(100)
    .optional(),
  attestations: anything,
  annotations: anything,
  repository: text.optional(),
  mutateDigest: z.boolean().optional(),
  verifyDigest: z.boolean().optional(),
  required: z.boolean().optional(),
  useCache: z.boolean().optional(),
  failureAction: text.optional(),
  imageRegistryCredentials: anything,
  validate: anything,
  cosignOCI11: z.boolean().optional(),
});
const policySchema = z.looseObject({
  apiVersion: text,
  kind: z.enum(['ClusterPolicy', 'Policy']),
  metadata: z.looseObject({ name: text }),
  spec: z.looseObject({
    validationFailureAction: text.optional(),
    rules: z.array(z.looseObject({ name: text, verifyImages: z.array(verification).optional() })).max(1000),
  }),
});
type Verification = z.output<typeof verification>;
type Entry = z.output<typeof entry>;

/**
 * Reads the `verifyImages` rules of a Kyverno policy with keys: of each list of attestors so many entries as `count`
 * says must have signed, and all lists, rules and policies that match must be met.
 * @throws SCHEMAS_*
 * @see kyverno, api/kyverno/v1/image_verification_types.go
 */
export function importKyvernoPolicy(written: YamlFile, draft: PolicyDraft): void {
  const { metadata, spec } = checkYaml(written, policySchema).value;
  const audits = /^audit$/i;
  for (const rule of spec.rules) {
    const at = `${metadata.name} ${rule.name}`;
    if (rule.verifyImages === undefined) {
      draft.note('left-out', at, 'it verifies no images');
      continue;
    }
    if (['match', 'exclude', 'preconditions', 'context'].some((member) => Object.hasOwn(rule, member)))
      draft.note('stricter', at, 'it was about some resources; here it is about all uses');
    for (const [i, each] of rule.verifyImages.entries()) {
      const here = `${at} verifyImages[${i}]`;
      if (audits.test(each.failureAction ?? spec.validationFailureAction ?? ''))
        draft.note(
          'stricter',
          here,
          'it only audited; a rule that only warns needs a reason and an end (mode, until)',
        );
      carry(each, draft, { at: here, name: rule.name });
    }
  }
}

function carry(
  each: Verification,
  draft: PolicyDraft,
  { at, name }: { readonly at: string; readonly name: string },
): void {
  const patterns = each.imageReferences.flatMap((glob) => patternOf(glob, at, draft, KYVERNO) ?? []);
  if (each.skipImageReferences !== undefined)
    draft.note('stricter', at, `what it skipped is verified here: ${each.skipImageReferences.join(', ')}`);
  const refuse = (why: string) => {
    draft.note('refused', at, why);
    for (const pattern of patterns) draft.refuse({ pattern, reason: `imported: ${why}`.slice(0, 200), at });
  };
  if (each.type !== undefined && !/^(cosign|sigstorebundle)$/i.test(each.type)) {
    refuse(`it verifies signatures of type ${each.type}`);
    return;
  }
  if (each.attestations !== undefined) {
    refuse('it asks for attestations, which are not carried over');
    return;
  }
  if (each.annotations !== undefined || each.validate !== undefined) {
    refuse('it asks for annotations or conditions, which are not carried over');
    return;
  }
  if (each.repository !== undefined)
    draft.note('refused', at, 'signatures in another repository are not looked for');
  const lists = each.attestors ?? [];
  if (lists.length === 0) {
    refuse('it names no attestors');
    return;
  }
  let log = false;
  const by: string[] = [];
  for (const [i, { count, entries }] of lists.entries()) {
    const here = `${at} attestors[${i}]`;
    // Several keys in one text are as many entries.
    const single = entries.flatMap(divided);
    const voters = single.flatMap((one) => carryEntry(one, draft, here) ?? []);
    const needed = count ?? single.length;
    const different = new Set(voters).size;
    if (different < needed) {
      refuse(`${needed} of ${single.length} attestors must sign, and ${different} could be carried over`);
      return;
    }
    log ||= single.some(({ keys }) => keys !== undefined && keys.rekor?.ignoreTlog !== true);
    by.push(draft.anyOf(name, voters, needed));
  }
  if (log)
    draft.note(
      'refused',
      at,
      'it asks for a log (no ignoreTlog), which prov does not verify yet: the rule refuses',
    );
  draft.note(
    'stricter',
    at,
    'signatures must name namespace, name and version; those of plain cosign pass only a rule with bind: digest',
  );
  for (const pattern of patterns) draft.accept({ name, pattern, by, log, at });
}

function divided(one: Entry): readonly Entry[] {
  const pems = one.keys?.publicKeys?.match(/-----BEGIN [\s\S]*?-----END [A-Z ]+-----/g) ?? [];
  return pems.length < 2 ? [one] : pems.map((publicKeys) => ({ ...one, keys: { ...one.keys, publicKeys } }));
}

function carryEntry(one: Entry, draft: PolicyDraft, at: string): string | undefined {
  const { keys } = one;
  if (one.annotations !== undefined || one.attestor !== undefined) {
    draft.note('refused', at, 'an entry with annotations or nested attestors is not carried over');
    return undefined;
  }
  if (one.repository !== undefined)
    draft.note('refused', at, 'signatures in another repository are not looked for');
  if (keys === undefined) return standIn(draft, at, 'certificates');
  const algorithm = keys.signatureAlgorithm ?? one.signatureAlgorithm ?? 'sha256';
  if (algorithm !== 'sha256') {
    draft.note('refused', at, `the algorithm ${algorithm} of a key is not carried over`);
    return undefined;
  }
  if (keys.publicKeys?.includes('-----BEGIN') === true) return draft.addKey(keys.publicKeys, 'key', at);
  return standIn(draft, at, 'a key that is in a secret or a KMS');
}
