import { assertWithin, LIMITS } from '#base';
import type { Descriptor } from '#schemas';
import type { ByteSource, ReadStore } from './content-store.js';

export interface FetchBytesOptions {
  /** Largest content accepted, in bytes. Default: the cap of a manifest, 4 MiB. */
  readonly limit?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Small content as one buffer, verified by the store.
 * @throws BASE_LIMIT_EXCEEDED before a byte is asked for; whatever the store throws.
 */
export async function fetchBytes(
  store: Pick<ReadStore, 'fetch' | 'label'>,
  descriptor: Descriptor,
  options: FetchBytesOptions = {},
): Promise<Uint8Array> {
  assertWithin(
    descriptor.size,
    options.limit ?? LIMITS.manifestBytes,
    `content ${descriptor.digest} of ${store.label}`,
  );
  return collect(await store.fetch(descriptor, { signal: options.signal }));
}

/** Joins a stream whose size is already bounded. */
export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

/** Bytes in memory as a source. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return async function* source() {
    yield bytes;
  };
}
