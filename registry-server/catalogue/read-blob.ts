import { digestAlgorithm, digestOf } from '#base';
import type { Descriptor } from '#schemas';
import type { RegistryContext } from '../context.js';

/** A small blob of a repository; undefined when it is not there, larger than `limit` bytes, or damaged. */
export async function readBlob(
  context: RegistryContext,
  { repository, descriptor }: { readonly repository: string; readonly descriptor: Descriptor },
  limit: number,
): Promise<Uint8Array | undefined> {
  const { digest } = descriptor;
  const size = await context.metadata.findBlob(repository, digest);
  if (size === undefined || size > limit) return undefined;
  const reader = await context.blobs.open(digest);
  if (reader === undefined) return undefined;
  try {
    const bytes = Buffer.alloc(Math.min(reader.size, limit));
    for (let at = 0; at < bytes.byteLength; ) {
      const read = await reader.read(bytes.subarray(at), at);
      if (read === 0) break;
      at += read;
    }
    return digestOf(bytes, digestAlgorithm(digest)) === digest ? bytes : undefined;
  } finally {
    await reader.close();
  }
}
