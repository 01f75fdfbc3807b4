/**
 * Why something is or is not accepted: stable codes with one sentence each. `rank` orders failures by how
 * far a signature got before it failed, so that a verdict names the failure closest to success.
 */
export const REASONS = {
  accepted: { rank: 0, text: 'every signature the policy asks for is there and good' },
  unsigned: { rank: 0, text: 'it carries no signature' },
  'signatures-uncertain': {
    rank: 0,
    text: 'no signature was found, and there may be some that were not seen',
  },
  'bundle-malformed': { rank: 1, text: 'a signature bundle is damaged or not in canonical form' },
  'bundle-media-type': { rank: 1, text: 'a signature bundle has an unknown media type' },
  'bundle-content': { rank: 1, text: 'a signature bundle holds no DSSE envelope' },
  'payload-type': { rank: 2, text: 'the signed payload is not an in-toto statement' },
  'predicate-type': { rank: 2, text: 'it carries an attestation, which is not a signature' },
  'statement-malformed': { rank: 2, text: 'the signed statement is damaged' },
  'statement-type': { rank: 2, text: 'the signed statement is of an unknown type' },
  'legacy-malformed': { rank: 2, text: 'a .sig signature is damaged or not in canonical form' },
  'legacy-type': { rank: 2, text: 'a .sig payload is not a cosign signature' },
  'subject-count': { rank: 3, text: 'the signed statement does not have exactly one subject' },
  'subject-digest-form': { rank: 3, text: 'the signed digest is not a lower-case sha256' },
  'binding-incomplete': { rank: 3, text: 'the signature names the artifact only in part' },
  'subject-digest': { rank: 4, text: 'the signature is for other content' },
  'keyless-unsupported': {
    rank: 5,
    text: 'the signature was made with a certificate, which this prov cannot verify',
  },
  'unknown-key': { rank: 5, text: 'the signature was made by a key that is not trusted for this artifact' },
  'signature-invalid': { rank: 6, text: 'the signature does not verify with the key it names' },
  'key-revoked': { rank: 7, text: 'the signing key is revoked' },
  'key-not-yet-valid': { rank: 7, text: 'the signing key is not valid yet' },
  'key-expired': { rank: 7, text: 'the signing key has expired' },
  'key-retired': {
    rank: 7,
    text: 'the signing key is retired, and nothing proves when the signature was made',
  },
  'binding-missing': {
    rank: 8,
    text: 'the signature covers the digest but names no artifact, and the rule asks for a name',
  },
  'signed-namespace-mismatch': { rank: 9, text: 'the signature is for an artifact of another namespace' },
  'signed-name-mismatch': { rank: 9, text: 'the signature is for an artifact of another name' },
  'signed-version-mismatch': { rank: 9, text: 'the signature is for another version' },
  'signed-kind-mismatch': { rank: 9, text: 'the signature is for another kind of artifact' },
  'log-missing': { rank: 9, text: 'the rule asks for entries of a transparency log that prov can verify' },
  'timestamp-missing': { rank: 9, text: 'the rule asks for timestamps that prov can verify' },
  'time-missing': {
    rank: 10,
    text: 'the rule limits the age of signatures, and nothing proves when this one was made',
  },
  'signature-too-old': { rank: 10, text: 'the signature is older than the rule allows' },
  threshold: { rank: 10, text: 'too few of the required people have signed' },
  'signer-changed': { rank: 0, text: 'nobody who signed the locked version has signed this one' },
  'no-rule': { rank: 0, text: 'no rule of the trust policy is about it, and the default is to deny' },
  'policy-expired': { rank: 0, text: 'the trust policy itself has expired' },
  'too-many': { rank: 0, text: 'there are more signatures than prov looks at' },
  denied: { rank: 0, text: 'it is on a deny list' },
  'manifest-digest': { rank: 0, text: 'the manifest bytes do not have the digest they were asked by' },
  'manifest-malformed': { rank: 0, text: 'the manifest cannot be read' },
  'config-digest': { rank: 0, text: 'the config blob is not the one of the manifest' },
  'config-malformed': { rank: 0, text: 'the config blob cannot be read' },
  'name-mismatch': { rank: 0, text: 'the artifact has another name than was asked for' },
  'version-mismatch': { rank: 0, text: 'the artifact has another version than was asked for' },
  'kind-mismatch': { rank: 0, text: 'the artifact is of another kind than was asked for' },
} as const;

export type ReasonCode = keyof typeof REASONS;

/** One step of a decision. `candidate` is the digest of the bundle or legacy payload it is about. */
export interface Reason {
  readonly ok: boolean;
  readonly code: ReasonCode;
  readonly text: string;
  readonly candidate?: string;
  /** Where the policy that asked for this comes from. */
  readonly layer?: string;
}

export function reason(
  code: ReasonCode,
  detail?: string,
  about: { readonly ok?: boolean; readonly candidate?: string; readonly layer?: string } = {},
): Reason {
  const { ok = false, ...rest } = about;
  return {
    ok,
    code,
    text: detail === undefined ? REASONS[code].text : `${REASONS[code].text}: ${detail}`,
    ...rest,
  };
}
