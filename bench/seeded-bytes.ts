import { createCipheriv, createHash } from 'node:crypto';

/** Bytes that look random, cannot be compressed, and are the same for the same seed on every machine. */
export function seededBytes(seed: string, size: number): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** A source of numbers below 1, the same for the same seed. */
export function seededNumbers(seed: string): () => number {
  let block: Buffer = Buffer.alloc(0);
  let at = 0;
  let count = 0;
  return () => {
    if (at === block.length) {
      block = seededBytes(`${seed} ${count++}`, 64 * 1024);
      at = 0;
    }
    const value = block.readUInt32LE(at) / 2 ** 32;
    at += 4;
    return value;
  };
}
