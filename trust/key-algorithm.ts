import type { KeyObject } from 'node:crypto';
import { ProvError } from '#base';

export const KEY_ALGORITHMS = ['ecdsa-p256', 'ed25519', 'ecdsa-p384', 'rsa'] as const;
export type KeyAlgorithm = (typeof KEY_ALGORITHMS)[number];

const MIN_RSA_BITS = 2048;
/** Verifying costs time with the square of the size; nobody signs with more. */
const MAX_RSA_BITS = 8192;
const MIN_RSA_EXPONENT = 65_537n;
const CURVES: Readonly<Record<string, KeyAlgorithm>> = { prime256v1: 'ecdsa-p256', secp384r1: 'ecdsa-p384' };

/**
 * The algorithm of a key we accept for signatures.
 * @throws TRUST_KEY_UNSUPPORTED for other algorithms and curves, RSA under 2048 bits or with a small
 * exponent.
 */
export function keyAlgorithm(key: KeyObject): KeyAlgorithm {
  const details = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519';
  if (key.asymmetricKeyType === 'ec') {
    const algorithm = CURVES[details.namedCurve ?? ''];
    if (algorithm === undefined)
      throw unsupported(
        `the curve ${details.namedCurve ?? 'with explicit parameters'} is not one of P-256 and P-384`,
      );
    return algorithm;
  }
  if (key.asymmetricKeyType === 'rsa') {
    const bits = details.modulusLength ?? 0;
    if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) throw unsupported(`RSA of ${bits} bits`);
    if ((details.publicExponent ?? 0n) < MIN_RSA_EXPONENT)
      throw unsupported('RSA with an exponent under 65537');
    return 'rsa';
  }
  throw unsupported(`${key.asymmetricKeyType ?? 'unknown'} keys`);
}

function unsupported(reason: string): ProvError {
  return new ProvError('TRUST_KEY_UNSUPPORTED', { reason });
}
