import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { ProvError } from '#base';
import { type KeyAlgorithm, keyAlgorithm } from './key-algorithm.js';
import { decodePem } from './pem.js';
import { isSmallOrderPoint } from './small-order.js';

/** Raw Ed25519 keys are the last bytes of their SPKI. */
const ED25519_BYTES = 32;

/** A public key that may verify signatures. */
export interface PublicKey {
  /** base64 of the sha256 of the SPKI DER: the hint that cosign and we write into bundles. */
  readonly id: string;
  readonly algorithm: KeyAlgorithm;
  readonly pem: string;
  readonly object: KeyObject;
}

/**
 * Reads a PEM public key (SPKI) of an algorithm we accept.
 * @throws TRUST_KEY_INVALID when it is not one canonical `PUBLIC KEY` block.
 * @throws TRUST_KEY_UNSUPPORTED for weak or unknown algorithms and Ed25519 points of small order.
 */
export function loadPublicKey(pem: string | Uint8Array): PublicKey {
  const what = 'public key';
  const { label, body } = decodePem(
    typeof pem === 'string' ? pem : Buffer.from(pem).toString('latin1'),
    what,
  );
  if (label !== 'PUBLIC KEY') {
    const reason = label.endsWith('PRIVATE KEY')
      ? 'it is a private key; give the .pub file'
      : `it is a "${label}" block, not "PUBLIC KEY"`;
    throw new ProvError('TRUST_KEY_INVALID', { what, reason });
  }
  let object: KeyObject;
  try {
    object = createPublicKey({ key: body, format: 'der', type: 'spki' });
  } catch (error) {
    throw new ProvError(
      'TRUST_KEY_INVALID',
      { what, reason: 'its content is not a public key' },
      { cause: error },
    );
  }
  const key = publicKeyOf(object);
  if (!exportSpki(object).equals(body))
    throw new ProvError('TRUST_KEY_INVALID', { what, reason: 'its encoding is not the canonical one' });
  return key;
}

/** The public half of any key object. @throws TRUST_KEY_UNSUPPORTED */
export function publicKeyOf(key: KeyObject): PublicKey {
  const object = key.type === 'private' ? createPublicKey(key) : key;
  const algorithm = keyAlgorithm(object);
  const der = exportSpki(object);
  if (algorithm === 'ed25519' && isSmallOrderPoint(der.subarray(-ED25519_BYTES))) {
    throw new ProvError('TRUST_KEY_UNSUPPORTED', {
      reason: 'an Ed25519 point of small order verifies anything',
    });
  }
  return {
    id: createHash('sha256').update(der).digest('base64'),
    algorithm,
    pem: object.export({ type: 'spki', format: 'pem' }).toString(),
    object,
  };
}

function exportSpki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}
