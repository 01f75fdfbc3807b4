import type { ByteSource, CallOptions } from './content-store.js';

/** Passes bytes on and tells how many there were; `resumed` of them were at hand before. */
export async function* countBytes(
  chunks: AsyncIterable<Uint8Array>,
  onProgress: CallOptions['onProgress'],
  resumed = 0,
): AsyncGenerator<Uint8Array> {
  let done = resumed;
  onProgress?.({ done, resumed });
  for await (const chunk of chunks) {
    yield chunk;
    done += chunk.byteLength;
    onProgress?.({ done, resumed });
  }
}

/** The source as it is when nobody asks for progress. */
export function countedSource(source: ByteSource, onProgress: CallOptions['onProgress']): ByteSource {
  return onProgress === undefined ? source : () => countBytes(source(), onProgress);
}
