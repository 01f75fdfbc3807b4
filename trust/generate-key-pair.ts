import { generateKeyPair as generate, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { ENCRYPTED_LABELS, sealEncryptedKey } from './encrypted-key.js';
import type { KeyAlgorithm } from './key-algorithm.js';
import { encodePem } from './pem.js';
import { type PublicKey, publicKeyOf } from './public-key.js';

const RSA_BITS = 3072;
const generateAsync = promisify(generate) as (
  type: string,
  options: object,
) => Promise<{ publicKey: KeyObject; privateKey: KeyObject }>;

export interface KeyPair {
  /** cosign's encrypted PEM. */
  readonly privateKeyPem: string;
  readonly publicKeyPem: string;
  readonly publicKey: PublicKey;
}

/**
 * Makes a new key pair, the private half sealed with `password` in the form that cosign 2 and 3 read.
 * P-256 unless told otherwise: it is what every verifier accepts. RSA keys have 3072 bits.
 */
export async function generateKeyPair(options: {
  readonly algorithm?: KeyAlgorithm | undefined;
  readonly password: string;
}): Promise<KeyPair> {
  const { privateKey } = await generateObject(options.algorithm ?? 'ecdsa-p256');
  const publicKey = publicKeyOf(privateKey);
  const body = await sealEncryptedKey(privateKey.export({ type: 'pkcs8', format: 'der' }), options.password);
  return { privateKeyPem: encodePem(ENCRYPTED_LABELS[0], body), publicKeyPem: publicKey.pem, publicKey };
}

async function generateObject(algorithm: KeyAlgorithm): Promise<{ privateKey: KeyObject }> {
  switch (algorithm) {
    case 'ecdsa-p256':
      return await generateAsync('ec', { namedCurve: 'prime256v1' });
    case 'ecdsa-p384':
      return await generateAsync('ec', { namedCurve: 'secp384r1' });
    case 'ed25519':
      return await generateAsync('ed25519', {});
    case 'rsa':
      return await generateAsync('rsa', { modulusLength: RSA_BITS });
  }
}
