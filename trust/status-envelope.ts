import * as z from 'zod';
import { canonicalJson, type Digest, isProvError, type JsonValue } from '#base';
import { MEDIA, type StatusDocument, statusDocumentSchema } from '#schemas';
import { checkSignature } from './check-signature.js';
import { preAuthEncoding } from './dsse-encoding.js';
import type { Signer } from './private-key.js';
import { loadPublicKey, type PublicKey } from './public-key.js';
import { signChecked } from './sign-artifact.js';
import { fromBase64 } from './strict-base64.js';
import { parseStrictJson } from './strict-json.js';

/** A status is a sentence and a key; what is larger is not read. */
export const MAX_STATUS_BYTES = 16 * 1024;
const JSON_LIMITS = { maxBytes: MAX_STATUS_BYTES, maxDepth: 8 } as const;

const envelopeSchema = z.strictObject({
  payload: z.string(),
  payloadType: z.string().max(256),
  signatures: z
    .array(z.strictObject({ sig: z.string().max(2048), keyid: z.string().max(256).optional() }))
    .max(1),
});

/** Why a status counts for nothing. */
export type StatusProblem =
  | 'status-malformed'
  | 'status-type'
  | 'status-later-version'
  | 'status-subject'
  | 'status-signature'
  | 'status-unsigned'
  | 'status-key';

export interface StatusStatement {
  readonly document: StatusDocument;
  /** Whose signature it carries and holds; undefined for an unsigned one. That the key may be believed is another question. */
  readonly signer: PublicKey | undefined;
}
export type StatusResult =
  | { readonly ok: true; readonly statement: StatusStatement }
  | { readonly ok: false; readonly code: StatusProblem; readonly detail: string };

/**
 * The envelope of a status, signed when a signer is given. Its payload type is its own: a status can never pass
 * for a signature of an artifact, nor the other way round.
 * @see DSSE v1.0.2; docs/spec/status.md
 */
export async function buildStatus(
  document: Omit<StatusDocument, 'v' | 'key'>,
  signer?: Signer,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const key = signer === undefined ? {} : { key: signer.publicKey.pem };
  const payload = Buffer.from(canonicalJson({ v: 1, ...document, ...key } as unknown as JsonValue));
  const signatures =
    signer === undefined
      ? []
      : [
          {
            keyid: signer.publicKey.id,
            sig: Buffer.from(
              await signChecked(signer, preAuthEncoding(MEDIA.statusDocument, payload), signal),
            ).toString('base64'),
          },
        ];
  return Buffer.from(
    JSON.stringify({ payload: payload.toString('base64'), payloadType: MEDIA.statusDocument, signatures }),
  );
}

/**
 * Reads an envelope from outside: bounded, canonical base64, our payload type, about `subject`, and with a
 * signature that holds if it has one. Failure is a value.
 */
export async function readStatus(bytes: Uint8Array, subject: Digest): Promise<StatusResult> {
  const json = parseStrictJson(bytes, JSON_LIMITS);
  if (!json.ok) return refuse('status-malformed', `it ${json.reason}`);
  const envelope = envelopeSchema.safeParse(json.value);
  if (!envelope.success) return refuse('status-malformed', problem(envelope.error));
  const { payload, payloadType, signatures } = envelope.data;
  if (payloadType !== MEDIA.statusDocument)
    return refuse('status-type', `its payload is "${payloadType.slice(0, 80)}"`);
  const content = fromBase64(payload);
  if (content === undefined) return refuse('status-malformed', 'its base64 is not canonical');
  const inner = parseStrictJson(content, JSON_LIMITS);
  if (!inner.ok) return refuse('status-malformed', `its payload ${inner.reason}`);
  const version = (inner.value as { v?: unknown } | null)?.v;
  if (typeof version === 'number' && version > 1)
    return refuse('status-later-version', `it is of version ${version}`);
  const document = statusDocumentSchema.safeParse(inner.value);
  if (!document.success) return refuse('status-malformed', problem(document.error));
  if (document.data.subject.digest !== subject)
    return refuse('status-subject', `it is about ${document.data.subject.digest}`);
  const [signature] = signatures;
  if (signature === undefined) return { ok: true, statement: { document: document.data, signer: undefined } };
  return signed(document.data, content, signature);
}

async function signed(
  document: StatusDocument,
  content: Uint8Array,
  { sig, keyid }: { readonly sig: string; readonly keyid?: string | undefined },
): Promise<StatusResult> {
  let key: PublicKey;
  try {
    key = loadPublicKey(document.key ?? '');
  } catch (error) {
    if (!isProvError(error)) throw error;
    return refuse('status-signature', 'it is signed, and the key in it cannot be read');
  }
  if (keyid !== key.id) return refuse('status-signature', 'it names another key than the one in it');
  const signature = fromBase64(sig);
  const holds =
    signature !== undefined &&
    (await checkSignature(key, preAuthEncoding(MEDIA.statusDocument, content), signature));
  return holds
    ? { ok: true, statement: { document, signer: key } }
    : refuse('status-signature', `the signature of key ${key.id} does not hold`);
}

function refuse(code: StatusProblem, detail: string): StatusResult {
  return { ok: false, code, detail };
}

function problem(error: z.ZodError): string {
  const issue = error.issues[0]!;
  return `${issue.path.join('.') || 'status'}: ${issue.message}`;
}
