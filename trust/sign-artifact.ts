import { digestOf, ProvError } from '#base';
import {
  type Descriptor,
  isRepository,
  isVersion,
  type Kind,
  MEDIA,
  PREDICATE_SIGNATURE,
  splitRepository,
  versionToTag,
} from '#schemas';
import { checkSignature } from './check-signature.js';
import type { Claims } from './claims.js';
import { IN_TOTO_PAYLOAD, preAuthEncoding } from './dsse-encoding.js';
import type { Signer } from './private-key.js';
import { simpleSigningPayload, splitDockerReference } from './simple-signing.js';
import { signatureStatement } from './statement.js';

export interface SignInput {
  readonly manifest: { readonly descriptor: Descriptor; readonly bytes: Uint8Array };
  /** The logical `namespace/name`, without a host. */
  readonly repository: string;
  readonly version: string;
  readonly kind: Kind;
  readonly key: Signer;
  /** RFC 3339, UTC. When it is published, where whoever signs it publishes it. */
  readonly publishedAt?: string | undefined;
  /** Must be the last segment of `repository` when given. */
  readonly name?: string | undefined;
  /** Must be the version's tag when given. */
  readonly tag?: string | undefined;
  /** `registry/namespace/name:tag` as pushed; skopeo compares it with what it is asked for. */
  readonly dockerReference: string;
  readonly signal?: AbortSignal | undefined;
}

export interface SignedArtifact {
  /** For a referrer: see `referrerManifest`. */
  readonly bundle: { readonly bytes: Uint8Array; readonly mediaType: string; readonly predicateType: string };
  /** For the `.sig` tag: see `signatureManifest`. */
  readonly legacy: { readonly payload: Uint8Array; readonly signature: string };
  readonly keyId: string;
}

/**
 * Signs a manifest twice, as a Sigstore bundle and as a legacy payload, both bound to the artifact's name,
 * version and kind, so that cosign 3, cosign 2, skopeo and prov accept one push. Every signature is
 * verified with the public key before it is returned. Deterministic for RSA and Ed25519.
 * @throws TRUST_SUBJECT_INVALID when digest, name, tag and reference do not agree.
 * @throws TRUST_SIGNER_INCONSISTENT
 */
export async function signArtifact(input: SignInput): Promise<SignedArtifact> {
  const claims = claimsOf(input);
  const digest = input.manifest.descriptor.digest;
  const statement = signatureStatement(digest, claims);
  const payload = simpleSigningPayload(digest, claims, input.dockerReference);
  const envelopeSignature = await signChecked(
    input.key,
    preAuthEncoding(IN_TOTO_PAYLOAD, statement),
    input.signal,
  );
  const legacySignature = await signChecked(input.key, payload, input.signal);
  return {
    bundle: {
      bytes: bundleBytes(input.key.publicKey.id, statement, envelopeSignature),
      mediaType: MEDIA.sigstoreBundle,
      predicateType: PREDICATE_SIGNATURE,
    },
    legacy: { payload, signature: Buffer.from(legacySignature).toString('base64') },
    keyId: input.key.publicKey.id,
  };
}

/**
 * The bytes that `@sigstore/sign` 4 (DSSEBundleBuilder, bundleToJSON) makes, without its 225 ms of loading;
 * a test holds the two equal. The envelope's keyid stays empty: cosign skips signatures with a foreign one.
 */
export function bundleBytes(hint: string, statement: Uint8Array, signature: Uint8Array): Buffer {
  return Buffer.from(
    JSON.stringify({
      mediaType: MEDIA.sigstoreBundle,
      verificationMaterial: { publicKey: { hint }, timestampVerificationData: {} },
      dsseEnvelope: {
        payload: Buffer.from(statement).toString('base64'),
        payloadType: IN_TOTO_PAYLOAD,
        signatures: [{ sig: Buffer.from(signature).toString('base64') }],
      },
    }),
  );
}

function claimsOf(input: SignInput): Claims {
  const { repository, version, kind, manifest } = input;
  const name = splitRepository(repository).name;
  const tag = versionToTag(version);
  if (!isRepository(repository)) throw invalid(`"${repository}" is not a namespace/name`);
  if (!isVersion(version)) throw invalid(`"${version}" is not a version`);
  if (input.name !== undefined && input.name !== name)
    throw invalid(`the name "${input.name}" is not the last part of ${repository}`);
  if (input.tag !== undefined && input.tag !== tag)
    throw invalid(`the tag "${input.tag}" is not that of version ${version}`);
  const reference = splitDockerReference(input.dockerReference);
  if (reference.repository !== repository || reference.tag !== tag)
    throw invalid(`${input.dockerReference} is not ${repository}:${tag} on some registry`);
  if (digestOf(manifest.bytes) !== manifest.descriptor.digest)
    throw invalid(`the manifest bytes do not have the sha256 digest ${manifest.descriptor.digest}`);
  const { publishedAt } = input;
  return { repository, name, version, kind, ...(publishedAt !== undefined && { publishedAt }) };
}

/** A signature that was verified with the public key. @throws TRUST_SIGNER_INCONSISTENT */
export async function signChecked(
  key: Signer,
  data: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  signal?.throwIfAborted();
  const signature = await key.sign(data, { signal });
  if (!(await checkSignature(key.publicKey, data, signature)))
    throw new ProvError('TRUST_SIGNER_INCONSISTENT');
  return signature;
}

function invalid(reason: string): ProvError {
  return new ProvError('TRUST_SUBJECT_INVALID', { reason });
}
