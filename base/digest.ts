import { createHash, type Hash, hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { ProvError } from './errors/prov-error.js';

/** `algorithm:hex`, sha256 or sha512 in lower case. @see OCI image-spec 1.1, descriptor.md, "Digests" */
export type Digest = `sha256:${string}` | `sha512:${string}`;
export type DigestAlgorithm = 'sha256' | 'sha512';

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
/** Measured as the fastest read size for hashing in Node; the 64 KiB default costs a quarter more. */
const READ_BYTES = 256 * 1024;

export function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && DIGEST.test(value);
}

/** @throws BASE_DIGEST_INVALID when `value` is not a sha256 or sha512 digest. */
export function parseDigest(value: string): Digest {
  if (!isDigest(value)) throw new ProvError('BASE_DIGEST_INVALID', { value });
  return value;
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** The sha256 digest of bytes in memory (or of a string's UTF-8). */
export function digestOf(data: Uint8Array | string, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${hash(algorithm, data)}`;
}

/** Hashes a stream's bytes as they pass. */
export class Digester {
  readonly #hash: Hash;
  readonly algorithm: DigestAlgorithm;
  bytes = 0;

  constructor(algorithm: DigestAlgorithm = 'sha256') {
    this.algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  update(chunk: Uint8Array): this {
    this.bytes += chunk.byteLength;
    this.#hash.update(chunk);
    return this;
  }

  digest(): Digest {
    return `${this.algorithm}:${this.#hash.digest('hex')}`;
  }
}

/** Digest and size of a file, with two buffers so that the next read overlaps the hash. */
export async function digestFile(
  path: string,
  algorithm: DigestAlgorithm = 'sha256',
  signal?: AbortSignal,
): Promise<{ digest: Digest; size: number }> {
  const file = await open(path, 'r');
  try {
    const digester = new Digester(algorithm);
    let current = Buffer.allocUnsafe(READ_BYTES);
    let spare = Buffer.allocUnsafe(READ_BYTES);
    let pending = file.read(current, 0, READ_BYTES, null);
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await pending;
      if (bytesRead === 0) break;
      const filled = current;
      current = spare;
      spare = filled;
      pending = file.read(current, 0, READ_BYTES, null);
      digester.update(filled.subarray(0, bytesRead));
    }
    return { digest: digester.digest(), size: digester.bytes };
  } finally {
    await file.close();
  }
}
