import * as z from 'zod';
import { LIMITS } from '#base';
import { IN_TOTO_PAYLOAD, preAuthEncoding } from './dsse-encoding.js';
import type { ReasonCode } from './reason.js';
import { readStatement, type Statement } from './statement.js';
import { fromBase64 } from './strict-base64.js';
import { parseStrictJson } from './strict-json.js';

const JSON_LIMITS = { maxBytes: LIMITS.signatureBundleBytes, maxDepth: 32 } as const;
const MAX_EVIDENCE = 32;
const MAX_CERTIFICATE_LENGTH = 16_384;

/** Exactly the names that Sigstore gave its bundle versions. @see sigstore/protobuf-specs, sigstore_bundle.proto */
const MEDIA_TYPES: readonly string[] = [
  'application/vnd.dev.sigstore.bundle+json;version=0.1',
  'application/vnd.dev.sigstore.bundle+json;version=0.2',
  'application/vnd.dev.sigstore.bundle+json;version=0.3',
  'application/vnd.dev.sigstore.bundle.v0.3+json',
];

const base64 = z.string();
const certificate = z.strictObject({ rawBytes: base64.max(MAX_CERTIFICATE_LENGTH) });
const bundleSchema = z.strictObject({
  mediaType: z.string(),
  verificationMaterial: z.strictObject({
    publicKey: z.strictObject({ hint: z.string().max(256) }).optional(),
    certificate: certificate.optional(),
    x509CertificateChain: z.strictObject({ certificates: z.array(certificate).max(8) }).optional(),
    tlogEntries: z.array(z.looseObject({})).max(MAX_EVIDENCE).optional(),
    timestampVerificationData: z
      .strictObject({
        rfc3161Timestamps: z
          .array(z.strictObject({ signedTimestamp: base64 }))
          .max(MAX_EVIDENCE)
          .optional(),
      })
      .optional(),
  }),
  dsseEnvelope: z
    .strictObject({
      payload: base64,
      payloadType: z.string(),
      signatures: z
        .array(z.strictObject({ sig: base64.max(2048), keyid: z.literal('').optional() }))
        .length(1),
    })
    .optional(),
  messageSignature: z.unknown().optional(),
});

/** A bundle that passed the pre-screen: what was signed, by which key it says, and what it means. */
export interface BundleDocument {
  /** Undefined for a certificate. */
  readonly hint: string | undefined;
  /** The bytes under the signature. */
  readonly signed: Buffer;
  readonly signature: Buffer;
  readonly statement: Statement;
}
export type BundleResult =
  | { readonly ok: true; readonly bundle: BundleDocument }
  | { readonly ok: false; readonly code: ReasonCode; readonly detail: string };

/**
 * Reads a Sigstore bundle from outside before any cryptography: size, depth, known members only, media
 * type, canonical base64, one signature, payload type, and a signature statement with one subject.
 * Transparency-log entries and timestamps are bounded and otherwise ignored: nothing is derived from them.
 */
export function readBundle(bytes: Uint8Array): BundleResult {
  const json = parseStrictJson(bytes, JSON_LIMITS);
  if (!json.ok) return refuse('bundle-malformed', `it ${json.reason}`);
  const mediaType = (json.value as { mediaType?: unknown } | null)?.mediaType;
  if (typeof mediaType !== 'string' || !MEDIA_TYPES.includes(mediaType)) {
    return refuse(
      'bundle-media-type',
      typeof mediaType === 'string' ? `"${mediaType.slice(0, 80)}"` : 'it has none',
    );
  }
  const parsed = bundleSchema.safeParse(json.value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    return refuse('bundle-malformed', `${issue.path.join('.') || 'bundle'}: ${issue.message}`);
  }
  return readEnvelope(parsed.data);
}

/** The id of the key that a bundle names as its signer; undefined when it is no signature of ours or names a certificate. */
export function bundleKeyId(bytes: Uint8Array): string | undefined {
  const read = readBundle(bytes);
  return read.ok ? read.bundle.hint : undefined;
}

function readEnvelope({
  verificationMaterial,
  dsseEnvelope,
  messageSignature,
}: z.output<typeof bundleSchema>): BundleResult {
  if (dsseEnvelope === undefined || messageSignature !== undefined) return refuse('bundle-content');
  const { publicKey, certificate: leaf, x509CertificateChain: chain } = verificationMaterial;
  if ([publicKey, leaf, chain].filter((each) => each !== undefined).length !== 1) {
    return refuse('bundle-malformed', 'it must name exactly one key or certificate');
  }
  const { payload, payloadType, signatures } = dsseEnvelope;
  if (payloadType !== IN_TOTO_PAYLOAD)
    return refuse('payload-type', `its type is "${payloadType.slice(0, 80)}"`);
  const content = fromBase64(payload);
  const signature = fromBase64(signatures[0]!.sig);
  if (content === undefined || signature === undefined || signature.byteLength === 0)
    return refuse('bundle-malformed', 'its base64 is not canonical');
  const read = readStatement(content);
  if (!read.ok) return read;
  return {
    ok: true,
    bundle: {
      hint: publicKey?.hint,
      signed: preAuthEncoding(payloadType, content),
      signature,
      statement: read.statement,
    },
  };
}

function refuse(code: ReasonCode, detail = ''): BundleResult {
  return { ok: false, code, detail };
}
