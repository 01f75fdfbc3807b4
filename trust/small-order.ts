/**
 * y coordinates (little endian, sign bit clear) of the points of order 1, 2, 4 and 8 on edwards25519,
 * with their non-canonical encodings. @see libsodium, ge25519_has_small_order
 */
const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

/** Whether a raw Ed25519 public key is of small order: such a key verifies signatures nobody made. */
export function isSmallOrderPoint(raw: Uint8Array): boolean {
  const y = Buffer.from(raw);
  y[31]! &= 0x7f;
  return SMALL_ORDER_Y.has(y.toString('hex'));
}
