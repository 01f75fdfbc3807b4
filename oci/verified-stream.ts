import { Digester, digestAlgorithm, ProvError } from '#base';
import type { Descriptor } from '#schemas';

/**
 * Passes bytes on while checking them against a descriptor. The last chunk is held back until digest and
 * size matched, so that a consumer never holds all bytes of wrong content. Producers must not reuse buffers.
 * @throws OCI_SIZE_MISMATCH, OCI_DIGEST_MISMATCH naming `where` the bytes came from.
 */
export async function* verifiedStream(
  chunks: AsyncIterable<Uint8Array>,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  where: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const digester = new Digester(digestAlgorithm(descriptor.digest));
  let held: Uint8Array | undefined;
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    if (chunk.byteLength === 0) continue;
    digester.update(chunk);
    if (digester.bytes > descriptor.size) throw sizeMismatch(descriptor, where, digester.bytes);
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (digester.bytes !== descriptor.size) throw sizeMismatch(descriptor, where, digester.bytes);
  const actual = digester.digest();
  if (actual !== descriptor.digest) {
    throw new ProvError('OCI_DIGEST_MISMATCH', { where, expected: descriptor.digest, actual });
  }
  if (held !== undefined) yield held;
}

/** Like `verifiedStream` for bytes that check themselves against the descriptor: only their number is looked at. */
export async function* sizedStream(
  chunks: AsyncIterable<Uint8Array>,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  where: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    bytes += chunk.byteLength;
    if (bytes > descriptor.size) throw sizeMismatch(descriptor, where, bytes);
    yield chunk;
  }
  if (bytes !== descriptor.size) throw sizeMismatch(descriptor, where, bytes);
}

function sizeMismatch(
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  where: string,
  actual: number,
): ProvError {
  return new ProvError('OCI_SIZE_MISMATCH', {
    where,
    digest: descriptor.digest,
    expected: descriptor.size,
    actual,
  });
}
