import * as z from 'zod';
import { canonicalJson, type Digest, isDigest } from '#base';
import { versionToTag } from '#schemas';
import { type Claims, claimPairs, readClaims } from './claims.js';
import type { ReasonCode } from './reason.js';
import { fromBase64 } from './strict-base64.js';
import { parseStrictJson } from './strict-json.js';

const SIMPLE_SIGNING_TYPE = 'cosign container image signature';
const LIMITS = { maxBytes: 256 * 1024, maxDepth: 16 } as const;
const MAX_SIGNATURE_LENGTH = 2048;

/** One layer of a `.sig` manifest: the payload's bytes and the base64 signature of its annotation. */
export interface LegacySignature {
  readonly payload: Uint8Array;
  readonly signature: string;
}

/**
 * The payload of a legacy signature, as bytes. `dockerReference` is `repository:tag` with its registry:
 * then skopeo's default identity rule refuses a re-tag.
 * @see cosign specs/SIGNATURE_SPEC.md; containers/image docs/containers-signature.5.md
 */
export function simpleSigningPayload(
  manifestDigest: Digest,
  claims: Claims,
  dockerReference: string,
): Buffer {
  return Buffer.from(
    canonicalJson({
      critical: {
        identity: { 'docker-reference': dockerReference },
        image: { 'docker-manifest-digest': manifestDigest },
        type: SIMPLE_SIGNING_TYPE,
      },
      optional: claimPairs(claims),
    }),
  );
}

const payloadSchema = z.strictObject({
  critical: z.strictObject({
    identity: z.looseObject({ 'docker-reference': z.string().max(1024) }),
    image: z.strictObject({ 'docker-manifest-digest': z.string().max(256) }),
    type: z.string(),
  }),
  optional: z.record(z.string().max(256), z.unknown()).nullish(),
});

export type LegacyResult =
  | {
      readonly ok: true;
      readonly subjectDigest: Digest;
      readonly claims: Claims | undefined;
      readonly signature: Buffer;
    }
  | { readonly ok: false; readonly code: ReasonCode; readonly detail: string };

/** Reads one legacy signature; the claims are those of `optional` and of the docker-reference together. */
export function readLegacySignature({ payload, signature }: LegacySignature): LegacyResult {
  const bytes = signature.length > MAX_SIGNATURE_LENGTH ? undefined : fromBase64(signature);
  if (bytes === undefined || bytes.byteLength === 0)
    return refuse('legacy-malformed', 'its signature is not canonical base64');
  const json = parseStrictJson(payload, LIMITS);
  if (!json.ok) return refuse('legacy-malformed', `the payload ${json.reason}`);
  const parsed = payloadSchema.safeParse(json.value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    return refuse('legacy-malformed', `${issue.path.join('.') || 'payload'}: ${issue.message}`);
  }
  const { critical, optional } = parsed.data;
  if (critical.type !== SIMPLE_SIGNING_TYPE)
    return refuse('legacy-type', `its type is "${critical.type.slice(0, 80)}"`);
  const digest = critical.image['docker-manifest-digest'];
  if (!isDigest(digest) || !digest.startsWith('sha256:'))
    return refuse('subject-digest-form', 'its digest is not a lower-case sha256');
  return withClaims(digest, critical.identity['docker-reference'], optional ?? {}, bytes);
}

function withClaims(
  subjectDigest: Digest,
  dockerReference: string,
  optional: Record<string, unknown>,
  signature: Buffer,
): LegacyResult {
  const pairs = new Map(
    Object.entries(optional).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
  const { repository, tag } = splitDockerReference(dockerReference);
  const read = readClaims(pairs, repository);
  if (!read.ok) return refuse('binding-incomplete', read.reason);
  if (read.claims !== undefined && tag !== versionToTag(read.claims.version)) {
    return refuse('binding-incomplete', 'its docker-reference names no tag, or another than its version');
  }
  return { ok: true, subjectDigest, claims: read.claims, signature };
}

/** `host/namespace/name:tag` without its host. The first segment is a host if it has `.` or `:` or is `localhost`. */
export function splitDockerReference(reference: string): { repository: string; tag: string | undefined } {
  const slash = reference.indexOf('/');
  const first = slash < 0 ? '' : reference.slice(0, slash);
  const path = first === 'localhost' || /[.:]/.test(first) ? reference.slice(slash + 1) : reference;
  const colon = path.lastIndexOf(':');
  return colon < 0
    ? { repository: path, tag: undefined }
    : { repository: path.slice(0, colon), tag: path.slice(colon + 1) };
}

function refuse(code: ReasonCode, detail: string): LegacyResult {
  return { ok: false, code, detail };
}
