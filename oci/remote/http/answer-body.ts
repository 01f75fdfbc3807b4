import { ProvError } from '#base';
import { adviseRetry } from '../retry-advice.js';
import { batched } from './batched.js';
import type { Answer } from './transport.js';
import { slowFailure, timeoutFailure, whereOf } from './transport-failure.js';

export interface ReadOptions {
  readonly method: string;
  readonly stallMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** What has to come in twice the time of a stall: 64 KiB in a minute is less than any link that is of use. */
const SLOWEST_BYTES = 64 * 1024;

/**
 * The bytes of an answer as they come. Only silence counts as a stall, not a slow reader; a server that
 * drips less than 64 KiB in twice the time of a stall is given up too.
 * @throws OCI_REMOTE_TIMEOUT, OCI_REMOTE_TOO_SLOW, OCI_REMOTE_INTERRUPTED
 */
export async function* readAnswer(answer: Answer, options: ReadOptions): AsyncGenerator<Uint8Array> {
  const { method, stallMs, signal } = options;
  const where = { method, target: answer.target };
  let waiting = true;
  let since = performance.now();
  let waitedMs = 0;
  let bytes = 0;
  const timer = setTimeout(() => {
    if (waiting) answer.body.destroy(timeoutFailure(where, stallMs));
    else timer.refresh();
  }, stallMs);
  try {
    for await (const chunk of batched(answer.body)) {
      waiting = false;
      waitedMs += performance.now() - since;
      bytes += chunk.byteLength;
      if (waitedMs > 2 * stallMs) {
        if (bytes < SLOWEST_BYTES) throw slowFailure(where, { bytes, waitedMs });
        waitedMs = 0;
        bytes = 0;
      }
      yield chunk;
      waiting = true;
      since = performance.now();
      timer.refresh();
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof ProvError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw adviseRetry(
      new ProvError('OCI_REMOTE_INTERRUPTED', { ...whereOf(where), reason }, { cause: error }),
      {},
    );
  } finally {
    clearTimeout(timer);
    answer.body.destroy();
  }
}

/** The whole body of an answer. @throws BASE_LIMIT_EXCEEDED above `maxBytes`, before more is kept. */
export async function readAll(answer: Answer, maxBytes: number, options: ReadOptions): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of readAnswer(answer, options)) {
    size += chunk.byteLength;
    if (size > maxBytes) {
      const what = `the answer of ${whereOf({ method: options.method, target: answer.target }).host}`;
      throw new ProvError('BASE_LIMIT_EXCEEDED', { what, limit: maxBytes, unit: 'bytes' });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

const DRAIN_BYTES = 64 * 1024;

/** Lets go of an answer nobody reads: a short body is drained so that the connection can be used again. */
export async function discard(answer: Answer, options: ReadOptions): Promise<void> {
  await readAll(answer, DRAIN_BYTES, options).catch((error: unknown) => {
    if (options.signal?.aborted) throw error;
  });
}
