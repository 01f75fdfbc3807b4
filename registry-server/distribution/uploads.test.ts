import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '#base';
import type { RegistryClient } from '../test/registry-client.js';
import { withRegistry } from '../test/with-registry.js';

const bytes = randomBytes(3 * 1024 * 1024 + 11);
const digest = digestOf(bytes);

async function begin(client: RegistryClient, repository = 'up'): Promise<string> {
  const { status, headers } = await client.call('POST', `/v2/${repository}/blobs/uploads/`);
  assert.equal(status, 202);
  assert.equal(headers.range, '0-0');
  return String(headers.location);
}

async function assertStored(
  client: RegistryClient,
  expected: Uint8Array,
  name: string = digestOf(expected),
): Promise<void> {
  const { status, body } = await client.call('GET', `/v2/up/blobs/${name}`);
  assert.equal(status, 200);
  assert.ok(body.equals(expected));
}

test('POST then PUT stores a blob', () =>
  withRegistry(async ({ client }) => {
    const location = await begin(client);
    const put = await client.call('PUT', `${location}?digest=${digest}`, { body: bytes });
    assert.deepEqual([put.status, put.headers.location], [201, `/v2/up/blobs/${digest}`]);
    assert.equal(put.headers['docker-content-digest'], digest);
    await assertStored(client, bytes);
    assert.equal((await client.call('GET', location)).status, 404, 'the session is over');
  }));

test('chunks are taken in order only, and the status tells where to go on', () =>
  withRegistry(async ({ client }) => {
    const location = await begin(client);
    const patch = (from: number, to: number, headers: Record<string, string> = {}) =>
      client.call('PATCH', location, {
        body: bytes.subarray(from, to),
        headers: { 'content-range': `${from}-${to - 1}`, ...headers },
      });
    assert.equal((await patch(0, 1000)).headers.range, '0-999');
    for (const [from, to] of [
      [0, 1000],
      [2000, 3000],
      [999, 1999],
    ] as const) {
      const refused = await patch(from, to);
      assert.deepEqual(
        [refused.status, refused.code, refused.headers.range],
        [416, 'BLOB_UPLOAD_INVALID', '0-999'],
      );
      assert.equal(refused.headers.location, location);
    }
    const status = await client.call('GET', location);
    assert.deepEqual(
      [status.status, status.headers.range, status.headers.location],
      [204, '0-999', location],
    );
    assert.equal((await patch(1000, 2_000_000)).status, 202);
    assert.equal(
      (await patch(2_000_000, 2_000_010, { 'content-range': '2000000-2000099' })).code,
      'SIZE_INVALID',
    );
    for (const header of ['junk', '5-1', '-', '1-2-3', 'bytes */5']) {
      assert.equal((await patch(0, 1, { 'content-range': header })).status, 400, header);
    }
    const rest = bytes.subarray(2_000_000);
    const wrong = await client.call('PUT', `${location}?digest=${digest}`, {
      body: rest,
      headers: { 'content-range': `5-${4 + rest.byteLength}` },
    });
    assert.equal(wrong.status, 416);
    const put = await client.call('PUT', `${location}?digest=${digest}`, {
      body: rest,
      headers: { 'content-range': `2000000-${bytes.byteLength - 1}` },
    });
    assert.equal(put.status, 201);
    await assertStored(client, bytes);
  }));

test('streamed chunks without a range are appended, and an empty PUT ends them', () =>
  withRegistry(async ({ client }) => {
    const location = await begin(client);
    for (const part of [bytes.subarray(0, 10), bytes.subarray(10, 20)]) {
      assert.equal((await client.call('PATCH', location, { body: part })).status, 202);
    }
    const expected = bytes.subarray(0, 20);
    assert.equal((await client.call('PUT', `${location}?digest=${digestOf(expected)}`)).status, 201);
    await assertStored(client, expected);
  }));

test('sha512 is hashed as it comes, after a hint, and afterwards', () =>
  withRegistry(async ({ client }) => {
    const name = digestOf(bytes, 'sha512');
    const post = await client.call('POST', `/v2/up/blobs/uploads/?digest=${name}`, { body: bytes });
    assert.equal(post.status, 201);
    await assertStored(client, bytes, name);
    const hinted = await client.call('POST', '/v2/up/blobs/uploads/?digest-algorithm=sha512');
    for (const location of [await begin(client), String(hinted.headers.location)]) {
      assert.equal((await client.call('PATCH', location, { body: bytes })).status, 202);
      assert.equal((await client.call('PUT', `${location}?digest=${name}`)).status, 201);
    }
  }));

test('content that does not match its digest is refused, and nothing of it stays', () =>
  withRegistry(async ({ client, dataDir }) => {
    const other = digestOf('other');
    const post = await client.call('POST', `/v2/up/blobs/uploads/?digest=${other}`, { body: bytes });
    assert.deepEqual(
      [post.status, post.code, post.ours],
      [400, 'DIGEST_INVALID', 'REGISTRY_DIGEST_MISMATCH'],
    );
    const location = await begin(client);
    assert.equal(
      (await client.call('PUT', `${location}?digest=${other}`, { body: bytes })).code,
      'DIGEST_INVALID',
    );
    for (const query of ['', '?digest=', '?digest=sha256:zz', '?digest=md5:00']) {
      const answer = await client.call('PUT', (await begin(client)) + query, { body: 'x' });
      assert.deepEqual([answer.status, answer.code], [400, 'DIGEST_INVALID'], query);
    }
    assert.equal(
      (await client.call('POST', '/v2/up/blobs/uploads/?digest=junk', { body: 'x' })).code,
      'DIGEST_INVALID',
    );
    for (const name of [other, digest])
      assert.equal((await client.call('HEAD', `/v2/up/blobs/${name}`)).status, 404);
    assert.ok(!existsSync(join(dataDir, 'blobs')));
    assert.deepEqual(readdirSync(join(dataDir, 'uploads')), []);
  }));

test('a cancelled or foreign session is unknown', () =>
  withRegistry(async ({ client }) => {
    const location = await begin(client);
    assert.equal((await client.call('PATCH', location, { body: 'some' })).status, 202);
    const foreign = await client.call('GET', location.replace('/up/', '/other/'));
    assert.deepEqual([foreign.status, foreign.code], [404, 'BLOB_UPLOAD_UNKNOWN']);
    assert.equal((await client.call('DELETE', location)).status, 204);
    assert.equal((await client.call('DELETE', location)).status, 404);
    assert.equal((await client.call('PATCH', location, { body: 'x' })).status, 404);
    assert.equal((await client.call('PUT', `${location}?digest=${digest}`, { body: bytes })).status, 404);
    assert.equal((await client.call('GET', '/v2/up/blobs/uploads/no-such')).status, 404);
    assert.equal((await client.call('POST', location)).status, 405);
    assert.equal((await client.call('GET', '/v2/up/blobs/uploads/')).status, 405);
  }));

test('a blob above the limit is refused while it comes', () =>
  withRegistry(
    async ({ client, dataDir }) => {
      const answer = await client.call('POST', `/v2/up/blobs/uploads/?digest=${digest}`, { body: bytes });
      assert.deepEqual(
        [answer.status, answer.code, answer.ours],
        [413, 'SIZE_INVALID', 'BASE_LIMIT_EXCEEDED'],
      );
      assert.deepEqual(readdirSync(join(dataDir, 'uploads')), []);
    },
    { maxBlobBytes: 1_000_000 },
  ));

test('a client that vanishes in the middle goes on from where the server is', () =>
  withRegistry(async ({ client, registry }) => {
    const location = await begin(client);
    assert.equal((await client.call('PATCH', location, { body: bytes.subarray(0, 1000) })).status, 202);
    const socket = connect(registry.port, registry.host);
    const head = `PATCH ${location} HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes.byteLength - 1000}\r\n\r\n`;
    socket.write(head);
    socket.write(bytes.subarray(1000, 2_500_000));
    await sleep(200);
    // The old connection is still open: the status must not wait for it, and the next chunk takes over.
    const { headers } = await client.call('GET', location);
    const next = Number(String(headers.range).split('-')[1]) + 1;
    assert.ok(next >= 1000 && next <= 2_500_000, String(next));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    for (let offset = next; offset < bytes.byteLength; ) {
      const patched = await client.call('PATCH', location, {
        body: bytes.subarray(offset),
        headers: { 'content-range': `${offset}-${bytes.byteLength - 1}` },
      });
      offset = Number(String(patched.headers.range).split('-')[1]) + 1;
    }
    await closed;
    assert.equal((await client.call('PUT', `${location}?digest=${digest}`)).status, 201);
    await assertStored(client, bytes);
  }));

test('fifty clients may push one blob at once', () =>
  withRegistry(async ({ client }) => {
    const small = randomBytes(100_000);
    await Promise.all(Array.from({ length: 50 }, () => client.pushBlob('up', small)));
    await assertStored(client, small);
    assert.equal(createHash('sha256').update(small).digest('hex'), digestOf(small).slice(7));
  }));
