import { verify } from 'node:crypto';
import type { PublicKey } from './public-key.js';

const ED25519_SIGNATURE_BYTES = 64;
const ED25519_KEY_BYTES = 32;

/**
 * Whether `signature` over `data` was made with the private half of `key`, by any of the schemes that we
 * and cosign sign with: ECDSA with SHA-256 (P-384 also with SHA-384, cosign's default for it), RSA PKCS#1
 * v1.5 with SHA-256, Ed25519 (with `prehashed` also Ed25519ph, which cosign 3 makes). The scheme follows
 * from the key, never from the input. Malformed signatures are false, not errors.
 */
export async function checkSignature(
  key: PublicKey,
  data: Uint8Array,
  signature: Uint8Array,
  options: { readonly prehashed?: boolean | undefined } = {},
): Promise<boolean> {
  switch (key.algorithm) {
    case 'ecdsa-p256':
    case 'rsa':
      return holds('sha256', key, data, signature);
    case 'ecdsa-p384':
      return holds('sha256', key, data, signature) || holds('sha384', key, data, signature);
    case 'ed25519':
      if (signature.byteLength !== ED25519_SIGNATURE_BYTES) return false;
      return (
        holds(null, key, data, signature) ||
        (options.prehashed === true && (await holdsPrehashed(key, data, signature)))
      );
  }
}

function holds(hash: string | null, key: PublicKey, data: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(hash, data, key.object, signature);
  } catch {
    return false;
  }
}

/** Node has no Ed25519ph; about 1.5 ms. @see RFC 8032, section 5.1; with its own strict decoding, not ZIP215. */
async function holdsPrehashed(key: PublicKey, data: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const { ed25519ph } = await import('@noble/curves/ed25519');
  const raw = key.object.export({ type: 'spki', format: 'der' }).subarray(-ED25519_KEY_BYTES);
  try {
    return ed25519ph.verify(signature, data, raw, { zip215: false });
  } catch {
    return false;
  }
}
