import type { Readable } from 'node:stream';

/** No more is taken from the network while this much waits for the reader. */
const BATCH_BYTES = 1024 * 1024;

/**
 * The bytes of a stream in batches: all that has come since the last one, about 1 MiB at most. A fast stream
 * costs one step a MiB, a slow one is not held up. What came before a failure is given first.
 * @throws what the stream fails with; an error when it is closed before its end.
 */
export async function* batched(stream: Readable): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  const end: { of?: 'stream' | Error } = {};
  let wake = () => {};
  let woken = false;
  const settle = (reason: 'stream' | Error) => {
    end.of ??= reason;
    wake();
  };
  const onData = (chunk: Uint8Array) => {
    waiting.push(chunk);
    bytes += chunk.byteLength;
    if (bytes >= BATCH_BYTES) stream.pause();
    if (woken) return;
    woken = true;
    // After this turn of the event loop, in which more of what has arrived is read.
    setImmediate(() => wake());
  };
  const onEnd = () => settle('stream');
  const onError = (error: Error) => settle(error);
  const onClose = () => settle(stream.errored ?? new Error('closed before its end'));
  stream.on('end', onEnd).on('error', onError).on('close', onClose).on('data', onData);
  if (stream.destroyed || stream.readableEnded) onClose();
  try {
    for (;;) {
      if (waiting.length === 0 && end.of === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      woken = false;
      if (waiting.length > 0) {
        const batch = waiting;
        [waiting, bytes] = [[], 0];
        if (stream.isPaused()) stream.resume();
        yield* batch;
        continue;
      }
      if (end.of === 'stream') return;
      if (end.of !== undefined) throw end.of;
    }
  } finally {
    stream.off('end', onEnd).off('close', onClose).off('data', onData).off('error', onError);
  }
}
