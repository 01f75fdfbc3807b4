import assert from 'node:assert/strict';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { BlobReader } from '../storage/blob-driver.js';
import { sendBlob } from './send-blob.js';

test('a file that ends before its size is an error, not a short answer', async (t) => {
  const size = 600 * 1024;
  let failure: unknown;
  const blob: BlobReader = {
    size,
    read: async (buffer: Uint8Array, position: number) =>
      position >= size / 2 ? 0 : Math.min(buffer.byteLength, size / 2 - position),
    close: async () => {},
  };
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': String(size) });
    sendBlob(response, blob, { first: 0, last: size - 1 }).catch((error) => {
      failure = error;
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    get({ port, host: '127.0.0.1', agent: false }, resolve).on('error', reject),
  );
  await assert.rejects(async () => {
    for await (const _ of response);
  });
  assert.equal((failure as { code?: string }).code, 'REGISTRY_BLOB_DAMAGED');
});
