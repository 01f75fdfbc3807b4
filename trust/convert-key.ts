import { createPrivateKey, type KeyObject } from 'node:crypto';
import { ProvError } from '#base';
import { ENCRYPTED_LABELS, sealEncryptedKey } from './encrypted-key.js';
import type { KeyPair } from './generate-key-pair.js';
import { decodePem, encodePem } from './pem.js';
import { openPrivateKey } from './private-key.js';
import { publicKeyOf } from './public-key.js';

/** Older forms of OpenSSL that are only read here: label, and what Node calls it. */
const OLDER = { 'EC PRIVATE KEY': 'sec1', 'RSA PRIVATE KEY': 'pkcs1' } as const;

/**
 * A key pair of ours out of another private key: cosign's encrypted PEM (opened with `password`), PKCS#8, SEC1 or
 * PKCS#1, sealed with `seal`.
 * @throws TRUST_KEY_INVALID, TRUST_KEY_UNSUPPORTED, TRUST_KEY_PASSWORD_MISSING, TRUST_KEY_PASSWORD_WRONG
 */
export async function importPrivateKey(
  pem: string,
  { password, seal }: { readonly password?: string | undefined; readonly seal: string },
): Promise<KeyPair> {
  const key = readOlder(pem) ?? (await openPrivateKey(pem, password));
  const publicKey = publicKeyOf(key);
  const body = await sealEncryptedKey(key.export({ type: 'pkcs8', format: 'der' }), seal);
  return { privateKeyPem: encodePem(ENCRYPTED_LABELS[0], body), publicKeyPem: publicKey.pem, publicKey };
}

/** A private key as plain PKCS#8, for tools that read nothing else. @throws as `importPrivateKey` */
export async function exportPrivateKey(pem: string, password?: string): Promise<string> {
  const key = await openPrivateKey(pem, password);
  publicKeyOf(key);
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Whether a private key is only protected by who can read its file. Anything that is no key is not. */
export function isUnprotectedKey(pem: string): boolean {
  try {
    return decodePem(pem, 'private key').label === 'PRIVATE KEY';
  } catch {
    return false;
  }
}

function readOlder(pem: string): KeyObject | undefined {
  const { label, body } = decodePem(withoutParameters(pem), 'private key');
  const type = Object.hasOwn(OLDER, label) ? OLDER[label as keyof typeof OLDER] : undefined;
  if (type === undefined) return undefined;
  try {
    return createPrivateKey({ key: body, format: 'der', type });
  } catch (cause) {
    throw new ProvError(
      'TRUST_KEY_INVALID',
      { what: 'private key', reason: `its content is not ${type.toUpperCase()}` },
      { cause },
    );
  }
}

/** `openssl ecparam -genkey` writes the curve in a block of its own first. */
function withoutParameters(pem: string): string {
  return pem.replace(/^\s*-----BEGIN EC PARAMETERS-----[A-Za-z0-9+/=\s]*-----END EC PARAMETERS-----/, '');
}
