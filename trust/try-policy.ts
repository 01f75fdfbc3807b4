import * as z from 'zod';
import { digestOf, isDigest, ProvError } from '#base';
import { checkYaml, KINDS, parseReference, parseYaml, splitRepository } from '#schemas';
import type { Candidate } from './candidates.js';
import { REASONS } from './reason.js';
import type { TrustPolicy } from './trust-policy.js';
import type { Verdict } from './verdict.js';
import { decideAbout } from './verify-artifact.js';

const DATE = /^\d{4}-\d{2}-\d{2}(?:T[0-9:.]+Z)?$/;

const date = z.string().regex(DATE, 'must be a date');

const caseSchema = z.strictObject({
  name: z.string().min(1).max(256),
  /** `registry/namespace/name:version`. */
  artifact: z.string().min(1).max(512),
  kind: z.enum(KINDS).optional(),
  digest: z.string().refine(isDigest, 'must be a digest').optional(),
  /** Names of keys of the policy that have signed it. */
  signedBy: z.array(z.string()).max(64).default([]),
  /** False for signatures that name no artifact, as plain cosign makes them. */
  bound: z.boolean().default(true),
  /** What the signature names, where that is something else than the artifact. */
  signedAs: z.string().max(512).optional(),
  /** Dates of verified timestamps on each signature. */
  timestamps: z.array(date).max(16).default([]),
  /** Dates of verified log entries of each signature. */
  logged: z.array(date).max(16).default([]),
  /** The principal who signed the version that was locked before. */
  previousSigner: z.string().max(64).optional(),
  /** The day of the verification. */
  at: date.optional(),
  expect: z.string(),
});
const casesSchema = z.strictObject({ cases: z.array(caseSchema).min(1).max(1000) });

export type PolicyCase = z.output<typeof caseSchema>;
export interface PolicyTrial {
  readonly case: PolicyCase;
  readonly verdict: Verdict;
  /** `accepted`, `warned` (used although it was not verified) or the reason of the refusal. */
  readonly got: string;
  readonly passed: boolean;
}

/** Reads a file of cases. @throws SCHEMAS_*, TRUST_POLICY_INVALID */
export function readPolicyCases(text: string, path: string): readonly PolicyCase[] {
  const file = checkYaml(parseYaml(text, path), casesSchema);
  for (const [i, { expect }] of file.value.cases.entries()) {
    if (expect === 'warned' || Object.hasOwn(REASONS, expect)) continue;
    const at = ['cases', i, 'expect'];
    throw new ProvError('TRUST_POLICY_INVALID', {
      path,
      ...file.position(at),
      at: at.join('.'),
      reason: `"${expect}" is no outcome; write accepted, warned, or a reason such as unsigned`,
    });
  }
  return file.value.cases;
}

/**
 * What a policy would say if these keys had signed: no artifact and no registry is needed, and nothing but the
 * mathematics of the signatures is left out.
 * @throws TRUST_KEY_INVALID for a name that is no key of the policy
 */
export async function tryPolicy(policy: TrustPolicy, each: PolicyCase): Promise<PolicyTrial> {
  const reference = parseReference(each.artifact);
  if (reference.type !== 'remote' || reference.tag === undefined)
    throw new ProvError('SCHEMAS_REFERENCE_INVALID', {
      value: each.artifact,
      reason: 'a case names registry/namespace/name:version',
    });
  const { registry, repository, tag: version } = reference;
  const kind = each.kind ?? 'taskserv';
  const { name } = splitRepository(repository);
  const digest = each.digest ?? digestOf(each.artifact);
  const signed = each.signedAs === undefined ? undefined : parseReference(each.signedAs);
  const claims = {
    repository: signed?.type === 'remote' ? signed.repository : repository,
    name: signed?.type === 'remote' ? splitRepository(signed.repository).name : name,
    version: (signed?.type === 'remote' ? signed.tag : undefined) ?? version,
    kind,
  };
  const verdict = await decideAbout({
    request: { registry, repository, version, kind },
    policy,
    facts: { subject: digest, digests: new Set([digest]), name: { name, version, kind } },
    candidates: each.signedBy.map((label): Candidate => {
      const id = keyIdOf(policy, label);
      return {
        form: 'bundle',
        digest: digestOf(`${each.name} ${label}`),
        hint: id,
        certificate: false,
        claims: each.bound ? claims : undefined,
        witnesses: [
          ...each.timestamps.map((time) => ({ kind: 'timestamp' as const, time: Date.parse(time) })),
          ...each.logged.map((time) => ({ kind: 'log' as const, time: Date.parse(time) })),
        ],
        holds: async (key) => key.id === id,
      };
    }),
    refused: [],
    ...(each.previousSigner === undefined
      ? {}
      : { previous: { version: 'the locked version', identity: each.previousSigner } }),
    now: each.at === undefined ? Date.now() : Date.parse(each.at),
    digest,
  });
  const got = !verdict.ok ? verdict.reason : verdict.verified ? 'accepted' : 'warned';
  return { case: each, verdict, got, passed: got === each.expect };
}

function keyIdOf(policy: TrustPolicy, label: string): string {
  for (const { keys } of policy.layers)
    for (const [id, { name }] of keys) if (name === label || id === label) return id;
  throw new ProvError('TRUST_KEY_INVALID', {
    what: `key "${label}"`,
    reason: 'the policy has none of that name',
  });
}
