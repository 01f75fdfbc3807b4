import { once } from 'node:events';
import type { ClientRequest } from 'node:http';
import { ProvError } from '#base';
import type { ByteSource } from '../../content-store.js';

/** A body that can be sent again from the start. */
export interface RequestBody {
  readonly size: number;
  readonly source: ByteSource;
  /** Of what, for messages: a digest. */
  readonly digest: string;
  /** Told how many bytes of this try the network has taken. */
  readonly onSent?: ((bytes: number) => void) | undefined;
}

/**
 * Writes a body with back-pressure and ends the request. Stops early, without an error, when the server
 * answered or the connection ended: the answer decides then. `waiting(true)` is called while the network
 * takes nothing, `waiting(false)` while the source is read.
 * @throws OCI_SIZE_MISMATCH when the source has not `size` bytes; whatever the source throws.
 */
export async function writeBody(
  request: ClientRequest,
  body: RequestBody,
  waiting: (waiting: boolean) => void,
): Promise<void> {
  let over = false;
  let wake = () => {};
  const stop = () => {
    over = true;
    wake();
  };
  request.once('response', stop);
  request.once('close', stop);
  let sent = 0;
  for await (const chunk of body.source()) {
    if (over) return;
    sent += chunk.byteLength;
    if (sent > body.size) break;
    if (chunk.byteLength === 0) continue;
    if (request.write(chunk)) {
      body.onSent?.(sent);
      continue;
    }
    waiting(true);
    const ended = new Promise<void>((resolve) => {
      wake = resolve;
    });
    await Promise.race([once(request, 'drain').catch(() => undefined), ended]);
    if (over) return;
    body.onSent?.(sent);
    waiting(false);
  }
  if (over) return;
  if (sent !== body.size) {
    const { digest, size } = body;
    throw new ProvError('OCI_SIZE_MISMATCH', { digest, where: 'the source', actual: sent, expected: size });
  }
  request.end();
  waiting(true);
}

/** A body from bytes in memory. */
export function bodyOf(bytes: Uint8Array, digest: string): RequestBody {
  return { size: bytes.byteLength, digest, source: () => whole(bytes) };
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
