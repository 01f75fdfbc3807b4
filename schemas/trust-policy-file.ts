import * as z from 'zod';
import { LIMITS } from '#base';
import { KINDS } from './names.js';
import { isRange, parseRange } from './version.js';

const DATE = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** A date (its start in UTC) or an RFC 3339 time, as milliseconds since the epoch. */
const instant = z
  .string()
  .refine(
    (value) => DATE.test(value) && !Number.isNaN(Date.parse(value)),
    'must be a date (2026-01-31) or a time (2026-01-31T12:00:00Z)',
  )
  .transform((value) => Date.parse(value));
const label = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be a name of letters, digits, ".", "_" and "-"');
const range = z.string().refine(isRange, 'must be a semver range').transform(parseRange);
const text = z.string().min(1).max(1024);

const DAY_MS = 86_400_000;
const UNITS: Readonly<Record<string, number>> = { h: DAY_MS / 24, d: DAY_MS };
/** `36h` or `400d`, as milliseconds. */
const duration = z
  .string()
  .regex(/^[1-9]\d{0,4}[hd]$/, 'must be a number of hours (36h) or days (400d)')
  .transform((value) => Number(value.slice(0, -1)) * UNITS[value.at(-1)!]!);
/** Log entries or timestamps that every signature that counts must carry. */
const minimum = z.strictObject({ min: z.int().positive().max(16).default(1), root: later() }).optional();

/** Written today, checked by a later prov: reading one of these is a clear error, never a skipped check. */
function later() {
  return z.unknown().optional();
}

const key = z.strictObject({
  /** PEM text, or the path of a PEM file relative to the policy. */
  pem: z.string().min(1).max(16_384),
  status: z.enum(['active', 'retired', 'revoked']).default('active'),
  validFrom: instant.optional(),
  validUntil: instant.optional(),
  trustSignedBefore: instant.optional(),
});

const rule = z.strictObject({
  id: label.optional(),
  match: z.strictObject({
    repository: text,
    kind: z.enum(KINDS).optional(),
    version: range.optional(),
    channel: later(),
  }),
  require: z
    .array(
      z.strictObject({
        signature: z.strictObject({ by: label, maxAge: duration.optional() }).optional(),
        attestation: later(),
        log: minimum,
        timestamp: minimum,
      }),
    )
    .min(1)
    .max(16),
  bind: z.enum(['strict', 'digest']).default('strict'),
  mode: z.enum(['enforce', 'warn', 'audit']).default('enforce'),
  reason: text.optional(),
  until: instant.optional(),
  /** What a change of signer since the locked version does. */
  signerContinuity: z.enum(['enforce', 'warn']).optional(),
});

const denial = z.strictObject({
  digest: z.string().optional(),
  name: text.optional(),
  versions: range.optional(),
  key: z.string().min(1).max(64).optional(),
  principal: label.optional(),
  compromisedAfter: instant.optional(),
  identity: later(),
  reason: text,
  from: instant.optional(),
  until: z.union([z.literal('never').transform(() => undefined), instant]).optional(),
});

/** `trust-policy.yaml`. Strict: unknown keys are errors. @see docs/spec/trust-policy.md */
export const trustPolicyFileSchema = z.strictObject({
  apiVersion: z.literal('prov.dev/trust/v1'),
  /** Grows with every change of the file. */
  version: z.int().positive(),
  expires: instant.optional(),
  /** `inherit` adds conditions to what the layers above accept; it never accepts anything by itself. */
  default: z.enum(['deny', 'inherit']).default('deny'),
  trustRoots: later(),
  keys: z.record(label, key).default({}),
  principals: z
    .record(label, z.strictObject({ keys: z.array(label).min(1).max(64).optional(), identity: later() }))
    .default({}),
  authorities: z
    .record(label, z.strictObject({ threshold: z.int().positive(), of: z.array(label).min(1).max(64) }))
    .default({}),
  rules: z.array(rule).max(1000).default([]),
  deny: z.array(denial).max(10_000).default([]),
  mirrors: z
    .array(z.strictObject({ prefix: text, signedAs: text }))
    .max(1000)
    .default([]),
  /** Only below prov's own limits. */
  limits: z
    .strictObject({
      /** Signatures looked at per artifact. */
      signatures: z.int().positive().max(LIMITS.referrersPerSubject).optional(),
      /** Bytes of one signature bundle. */
      bundleBytes: z.int().min(1024).max(LIMITS.signatureBundleBytes).optional(),
      maxOfflineAge: later(),
    })
    .default({}),
});
export type TrustPolicyFile = z.output<typeof trustPolicyFileSchema>;
