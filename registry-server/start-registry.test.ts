import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf, isProvError } from '#base';
import { startRegistry } from './start-registry.js';
import { createRegistryClient } from './test/registry-client.js';
import { pushImage } from './test/sample-content.js';
import { temporaryDirectory, withRegistry } from './test/with-registry.js';

const code = (expected: Parameters<typeof isProvError>[1]) => (error: unknown) =>
  isProvError(error, expected);

test('a taken port, a used directory and an open address are refused with their own errors', () =>
  withRegistry(async ({ registry, dataDir }) => {
    const other = temporaryDirectory();
    await assert.rejects(startRegistry({ dataDir: other, port: registry.port }), code('REGISTRY_PORT_TAKEN'));
    await assert.rejects(startRegistry({ dataDir, port: 0 }), (error) => {
      assert.ok(isProvError(error, 'REGISTRY_DATA_IN_USE'));
      assert.match(error.message, new RegExp(`process ${process.pid}`));
      return true;
    });
    for (const host of ['0.0.0.0', '::', '192.0.2.1']) {
      await assert.rejects(startRegistry({ dataDir: other, port: 0, host }), code('REGISTRY_BIND_INSECURE'));
    }
    const elsewhere = startRegistry({ dataDir: other, port: 0, host: '192.0.2.1', allowInsecureBind: true });
    await assert.rejects(elsewhere, code('REGISTRY_BIND_FAILED'));
    const running = await startRegistry({
      dataDir: other,
      port: 0,
      host: '0.0.0.0',
      allowInsecureBind: true,
    });
    await running.close();
    rmSync(other, { recursive: true });
  }));

test('a directory that cannot be used is refused', async () => {
  const parent = temporaryDirectory();
  const dataDir = join(parent, 'file');
  writeFileSync(dataDir, 'not a directory');
  await assert.rejects(startRegistry({ dataDir, port: 0 }), code('BASE_FILE_UNWRITABLE'));
  await assert.rejects(startRegistry({ dataDir, port: 0, signal: AbortSignal.abort() }), {
    name: 'AbortError',
  });
});

test('everything is there after a restart, unfinished uploads too', async () => {
  const dataDir = temporaryDirectory();
  let location = '';
  let digest = '';
  const content = 'first half, second half';
  await withRegistry(
    async ({ client }) => {
      digest = await pushImage(client, 'team/app', { tag: '1.0.0', layer: 'layer' });
      location = String((await client.call('POST', '/v2/team/app/blobs/uploads/')).headers.location);
      assert.equal((await client.call('PATCH', location, { body: content.slice(0, 10) })).status, 202);
    },
    { dataDir },
  );
  writeFileSync(join(dataDir, 'uploads', 'left-behind'), 'bytes of nobody');
  await withRegistry(
    async ({ client }) => {
      assert.deepEqual(readdirSync(join(dataDir, 'uploads')), [location.split('/').at(-1)]);
      const { headers } = await client.call('HEAD', '/v2/team/app/manifests/1.0.0');
      assert.equal(headers['docker-content-digest'], digest);
      assert.equal(
        (await client.call('GET', `/v2/team/app/blobs/${digestOf('layer')}`)).body.toString(),
        'layer',
      );
      assert.equal((await client.call('GET', location)).headers.range, '0-9');
      const rest = { body: content.slice(10), headers: { 'content-range': `10-${content.length - 1}` } };
      const put = await client.call('PUT', `${location}?digest=${digestOf(content)}`, rest);
      assert.equal(put.status, 201);
      assert.equal(
        (await client.call('GET', `/v2/team/app/blobs/${digestOf(content)}`)).body.toString(),
        content,
      );
    },
    { dataDir },
  );
  rmSync(dataDir, { recursive: true });
});

test('closing lets a running request end, and an abort signal closes', async () => {
  const dataDir = temporaryDirectory();
  const controller = new AbortController();
  const registry = await startRegistry({ dataDir, port: 0, signal: controller.signal });
  const client = createRegistryClient(registry.url);
  const digest = digestOf('slow body');
  const outgoing = request(`${registry.url}/v2/a/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    headers: { 'content-length': 9 },
  });
  outgoing.write('slow ');
  await sleep(100);
  controller.abort();
  await sleep(50);
  await assert.rejects(client.call('GET', '/v2/'), 'no new connection');
  outgoing.end('body');
  const [response] = (await once(outgoing, 'response')) as [{ statusCode: number; resume(): void }];
  response.resume();
  assert.equal(response.statusCode, 201);
  const closing = performance.now();
  await registry.close();
  assert.ok(performance.now() - closing < 4000, 'an idle connection delays nothing');
  await registry.close();
  client.close();
  await withRegistry(
    async (next) => {
      assert.equal((await next.client.call('HEAD', `/v2/a/blobs/${digest}`)).status, 200);
    },
    { dataDir },
  );
  rmSync(dataDir, { recursive: true });
});

test('clients that are slow, rude or gone harm nobody else', () =>
  withRegistry(async ({ client, registry }) => {
    const big = Buffer.alloc(8 * 1024 * 1024, 'x');
    const digest = await client.pushBlob('a', big);
    const raw = async (...parts: string[]) => {
      const socket = connect(registry.port, registry.host);
      socket.on('error', () => {});
      await once(socket, 'connect');
      for (const part of parts) {
        socket.write(part);
        await sleep(5);
      }
      return socket;
    };
    const sockets = await Promise.all([
      raw(`GET /v2/a/blobs/${digest} HTTP/1.1\r\nhost: x\r\n\r\n`),
      raw('GET /v2/ HT', 'TP/1.1\r\nho'),
      raw(
        'POST /v2/a/blobs/uploads/?digest=',
        digest,
        ' HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n',
        'some',
      ),
      raw('PUT /v2/a/manifests/x HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{'),
      raw('complete nonsense\r\n\r\n'),
      raw('GET http://[::1 HTTP/1.1\r\nhost: x\r\n\r\n'),
      raw('GET /v2/%ff%fe/tags/list HTTP/1.1\r\nhost: x\r\n\r\n'),
      raw('PUT /v2/a/manifests/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'),
    ]);
    assert.equal((await client.call('GET', '/v2/')).status, 200);
    for (const socket of sockets) socket.destroy();
    await sleep(50);
    const got = await client.call('GET', `/v2/a/blobs/${digest}`);
    assert.ok(got.body.equals(big));
    assert.equal((await client.call('HEAD', '/v2/a/manifests/x')).status, 404);
    const { data } = (await client.call('GET', '/api/v1/stats')).json<{
      data: { responses: Record<string, number> };
    }>();
    assert.deepEqual(
      Object.keys(data.responses).filter((status) => status.startsWith('5')),
      [],
    );
  }));

test('an upload that is refused at once does not hang its client', () =>
  withRegistry(async ({ client }) => {
    const body = Buffer.alloc(20 * 1024 * 1024);
    const answer = await client.call('PATCH', '/v2/a/blobs/uploads/unknown', { body });
    assert.equal(answer.code, 'BLOB_UPLOAD_UNKNOWN');
  }));

test('a thousand reads while a tag moves are all good', () =>
  withRegistry(async ({ client }) => {
    const digests = new Set<string | undefined>();
    for (const layer of ['a', 'b']) digests.add(await pushImage(client, 'r', { tag: 'moving', layer }));
    let moving = true;
    const mover = (async () => {
      for (let i = 0; moving; i += 1)
        await pushImage(client, 'r', { tag: 'moving', layer: i % 2 ? 'a' : 'b' });
    })();
    for (let i = 0; i < 1000; i += 1) {
      const { status, headers, body } = await client.call('GET', '/v2/r/manifests/moving');
      const digest = headers['docker-content-digest'];
      assert.ok(status === 200 && digests.has(String(digest)) && digestOf(body) === digest, `read ${i}`);
    }
    moving = false;
    await mover;
  }));
