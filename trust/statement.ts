import * as z from 'zod';
import { type Digest, digestHex } from '#base';
import { PREDICATE_SIGNATURE } from '#schemas';
import { type Claims, claimPairs, readClaims } from './claims.js';
import type { ReasonCode } from './reason.js';
import { parseStrictJson } from './strict-json.js';

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
const LIMITS = { maxBytes: 1024 * 1024, maxDepth: 32 } as const;
const SHA256_HEX = /^[0-9a-f]{64}$/;

/**
 * The statement that a signature of ours covers, as bytes: one subject, named by the logical repository,
 * with the sha256 of the manifest and the claims as annotations.
 * @see in-toto attestation framework, Statement v1; cosign pkg/types/predicate.go
 */
export function signatureStatement(manifestDigest: Digest, claims: Claims): Buffer {
  return Buffer.from(
    JSON.stringify({
      _type: STATEMENT_TYPE,
      subject: [
        {
          name: claims.repository,
          digest: { sha256: digestHex(manifestDigest) },
          annotations: claimPairs(claims),
        },
      ],
      predicateType: PREDICATE_SIGNATURE,
      predicate: {},
    }),
  );
}

/** Strict where it decides: members nobody knows are refused, as cosign does. */
const statementSchema = z.strictObject({
  _type: z.string(),
  subject: z.array(z.unknown()),
  predicateType: z.string().max(1024),
  predicate: z.unknown().optional(),
});
const subjectSchema = z.strictObject({
  name: z.string().max(1024).optional(),
  digest: z.record(z.string().max(64), z.string().max(256)),
  annotations: z.record(z.string().max(256), z.string().max(4096)).optional(),
});

export interface Statement {
  readonly subjectDigest: Digest;
  /** Undefined for a statement without our pairs: it speaks of a digest only. */
  readonly claims: Claims | undefined;
}
export type StatementResult =
  | { readonly ok: true; readonly statement: Statement }
  | { readonly ok: false; readonly code: ReasonCode; readonly detail: string };

/** Reads the payload of a signature envelope. Everything that is not exactly a signature statement is refused. */
export function readStatement(payload: Uint8Array): StatementResult {
  const json = parseStrictJson(payload, LIMITS);
  if (!json.ok) return refuse('statement-malformed', `the payload ${json.reason}`);
  const type = (json.value as { _type?: unknown } | null)?._type;
  if (typeof type === 'string' && type !== STATEMENT_TYPE)
    return refuse('statement-type', `its _type is "${type.slice(0, 80)}"`);
  const parsed = statementSchema.safeParse(json.value);
  if (!parsed.success) return refuse('statement-malformed', problem(parsed.error));
  const { predicateType, subject } = parsed.data;
  if (predicateType !== PREDICATE_SIGNATURE)
    return refuse('predicate-type', `its predicate is "${predicateType.slice(0, 120)}"`);
  if (subject.length !== 1) return refuse('subject-count', `it has ${subject.length} subjects`);
  const only = subjectSchema.safeParse(subject[0]);
  if (!only.success) return refuse('statement-malformed', `subject: ${problem(only.error)}`);
  return readSubject(only.data);
}

function readSubject({ name, digest, annotations }: z.output<typeof subjectSchema>): StatementResult {
  const algorithms = Object.keys(digest);
  const hex = digest['sha256'];
  if (algorithms.length !== 1 || hex === undefined || !SHA256_HEX.test(hex)) {
    return refuse('subject-digest-form', 'its subject digest is not one sha256 in lower-case hex');
  }
  const claims = readClaims(new Map(Object.entries(annotations ?? {})), name);
  if (!claims.ok) return refuse('binding-incomplete', claims.reason);

  return { ok: true, statement: { subjectDigest: `sha256:${hex}`, claims: claims.claims } };
}

function problem(error: z.ZodError): string {
  const issue = error.issues[0]!;
  return `${issue.path.join('.') || 'statement'}: ${issue.message}`;
}

function refuse(code: ReasonCode, detail: string): StatementResult {
  return { ok: false, code, detail };
}
