import { entries } from '../entry.js';

export const trustErrors = entries({
  TRUST_REFUSED: {
    message: '{artifact} is refused: {explanation}',
    hint: 'With --out json the error lists every step of the decision (reason code: {reason}).',
    exit: 'refused',
    http: 403,
  },
  TRUST_KEY_INVALID: {
    message: 'the {what} cannot be read: {reason}',
    hint: "prov reads public keys as PEM (SPKI) and private keys as PEM: cosign's encrypted form or PKCS#8.",
    exit: 'configuration',
    http: 400,
  },
  TRUST_KEY_UNSUPPORTED: {
    message: 'the key is not usable for signatures: {reason}',
    hint: 'Use ECDSA P-256 (the default), Ed25519, ECDSA P-384 or RSA of 2048 to 8192 bits.',
    exit: 'configuration',
    http: 400,
  },
  TRUST_KEY_PASSWORD_MISSING: {
    message: 'the private key is encrypted and no password was given',
    hint: 'Set PROVISIONING_SIGN_PASSWORD (or COSIGN_PASSWORD).',
    exit: 'permission',
  },
  TRUST_KEY_PASSWORD_WRONG: {
    message: 'the password does not open the private key',
    hint: 'Check PROVISIONING_SIGN_PASSWORD (or COSIGN_PASSWORD); a damaged key file looks the same.',
    exit: 'permission',
  },
  TRUST_KEY_EXPOSED: {
    message: '{path} is an unprotected private key that others can read (mode {mode})',
    hint: 'Run chmod 600 on it, or protect it with a password: prov key import.',
    exit: 'permission',
  },
  TRUST_SUBJECT_INVALID: {
    message: 'this cannot be signed: {reason}',
    hint: 'Sign the manifest that was pushed, under its own repository, version and kind.',
    exit: 'failed',
    http: 400,
  },
  TRUST_SIGNER_INCONSISTENT: {
    message: 'the signer returned a signature that its own public key does not verify',
    hint: 'The private and the public key do not belong together, or the external signer is broken.',
    exit: 'failed',
  },
  TRUST_SIGNATURE_MANIFEST_INVALID: {
    message: 'what is stored under the signature tag is not a signature manifest: {reason}',
    hint: 'Look at the sha256-….sig tag of the repository; remove it if it is not a signature.',
    exit: 'failed',
    http: 400,
  },
  TRUST_POLICY_INVALID: {
    message: '{path}:{line}:{column}: {at}: {reason}',
    hint: 'Correct the trust policy; until then nothing is accepted by it.',
    exit: 'configuration',
  },
  TRUST_IMPORT_UNKNOWN: {
    message: '{path} is no policy that prov knows how to import',
    hint: 'It reads policy.json of containers, trust policies of Notation, ClusterImagePolicy and verifyImages of Kyverno; --from says which.',
    exit: 'configuration',
  },
  TRUST_POLICY_UNSUPPORTED: {
    message: '{path}:{line}:{column}: this prov cannot check "{what}"',
    hint: 'A requirement that cannot be checked is never skipped: remove it, or upgrade prov.',
    exit: 'configuration',
  },
});
