import type { IncomingMessage } from 'node:http';
import { assertWithin, ProvError } from '#base';

/** Bytes handed to the sink at once; writes of a MiB cost a third less than one write a packet. */
const BATCH_BYTES = 1024 * 1024;
/** Buffers in one write, at most (the system's limit is 1024). */
const BATCH_CHUNKS = 512;

/**
 * Hands a request's body to `sink` in batches, the next being received and prepared while the last is
 * written. Resolves with the number of bytes after the sink has taken all. When it throws, the
 * request is still readable, so that an answer can be sent.
 * @throws BASE_LIMIT_EXCEEDED, REGISTRY_TRANSFER_INTERRUPTED when the client went away
 */
export async function receiveBody(
  request: IncomingMessage,
  maxBytes: number,
  sink: { prepare(chunk: Uint8Array): void; write(chunks: readonly Uint8Array[]): Promise<void> },
): Promise<number> {
  let total = 0;
  let batch: Uint8Array[] = [];
  let batchBytes = 0;
  let writing: Promise<void> = Promise.resolve();
  const flush = async () => {
    for (const chunk of batch) sink.prepare(chunk);
    await writing;
    writing = sink.write(batch);
    writing.catch(() => {});
    batch = [];
    batchBytes = 0;
  };
  try {
    for await (const chunk of chunksOf(request)) {
      total += chunk.byteLength;
      assertWithin(total, maxBytes, 'the body');
      batch.push(chunk);
      batchBytes += chunk.byteLength;
      if (batchBytes >= BATCH_BYTES || batch.length >= BATCH_CHUNKS) await flush();
    }
    await flush();
  } finally {
    await writing;
  }
  return total;
}

/** The whole of a small body. @throws BASE_LIMIT_EXCEEDED, REGISTRY_TRANSFER_INTERRUPTED */
export async function receiveBytes(
  request: IncomingMessage,
  maxBytes: number,
  what: string,
): Promise<Buffer> {
  assertWithin(Number(request.headers['content-length'] ?? 0), maxBytes, what);
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of chunksOf(request)) {
    total += chunk.byteLength;
    assertWithin(total, maxBytes, what);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function* chunksOf(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>;
  try {
    for (;;) {
      const next = await chunks.next().catch((error: unknown) => {
        throw new ProvError('REGISTRY_TRANSFER_INTERRUPTED', {}, { cause: error });
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await chunks.return?.();
  }
}
