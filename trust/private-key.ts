import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { ProvError } from '#base';
import { ENCRYPTED_LABELS, openEncryptedKey } from './encrypted-key.js';
import { decodePem } from './pem.js';
import { type PublicKey, publicKeyOf } from './public-key.js';

/**
 * Something that signs bytes with the private half of `publicKey`: a key in memory, or an external
 * command in front of a KMS or HSM (`externalSigner` of the manager). SHA-256 for EC and RSA (PKCS#1 v1.5), pure Ed25519.
 */
export interface Signer {
  readonly publicKey: PublicKey;
  sign(data: Uint8Array, options?: { readonly signal?: AbortSignal | undefined }): Promise<Uint8Array>;
}

/**
 * Reads a private key: cosign's encrypted PEM (the password may be empty) or plain PKCS#8.
 * @throws TRUST_KEY_INVALID, TRUST_KEY_UNSUPPORTED, TRUST_KEY_PASSWORD_MISSING, TRUST_KEY_PASSWORD_WRONG
 */
export async function loadPrivateKey(pem: string | Uint8Array, password?: string): Promise<Signer> {
  return signerOf(await openPrivateKey(pem, password));
}

/** The key object inside; see `loadPrivateKey`. */
export async function openPrivateKey(pem: string | Uint8Array, password?: string): Promise<KeyObject> {
  const what = 'private key';
  const { label, body } = decodePem(
    typeof pem === 'string' ? pem : Buffer.from(pem).toString('latin1'),
    what,
  );
  if (label === 'PRIVATE KEY') return readPkcs8(body);
  if (!(ENCRYPTED_LABELS as readonly string[]).includes(label)) {
    const reason =
      label === 'PUBLIC KEY'
        ? 'it is a public key; give the .key file'
        : `"${label}" blocks are not read; prov key import reads EC and RSA keys of OpenSSL; convert others to PKCS#8`;
    throw new ProvError('TRUST_KEY_INVALID', { what, reason });
  }
  if (password === undefined) throw new ProvError('TRUST_KEY_PASSWORD_MISSING');
  return readPkcs8(await openEncryptedKey(body, password));
}

/** A signer around a private key object. @throws TRUST_KEY_UNSUPPORTED */
export function signerOf(key: KeyObject): Signer {
  const publicKey = publicKeyOf(key);
  const hash = publicKey.algorithm === 'ed25519' ? null : 'sha256';
  return { publicKey, sign: async (data) => sign(hash, data, key) };
}

function readPkcs8(der: Buffer): KeyObject {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch {
    throw new ProvError('TRUST_KEY_INVALID', { what: 'private key', reason: 'its content is not PKCS#8' });
  }
}
