import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, truncateSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '#base';
import { imageManifest, pushImage } from '../test/sample-content.js';
import { withRegistry } from '../test/with-registry.js';

const MISSING = digestOf('nobody pushed this');

test('the ping answers, and other methods on it do not', () =>
  withRegistry(async ({ client }) => {
    assert.equal((await client.call('GET', '/v2/')).status, 200);
    assert.equal((await client.call('GET', '/v2')).status, 200);
    const refused = await client.call('POST', '/v2/');
    assert.deepEqual([refused.status, refused.code], [405, 'UNSUPPORTED']);
  }));

test('a blob of every size reads back, whole, by HEAD and as not modified', () =>
  withRegistry(async ({ client }) => {
    for (const size of [0, 1, 256 * 1024, 256 * 1024 + 1, 3 * 1024 * 1024 + 7]) {
      const bytes = randomBytes(size);
      const path = `/v2/some/repo/blobs/${await client.pushBlob('some/repo', bytes)}`;
      const got = await client.call('GET', path);
      assert.equal(got.status, 200);
      assert.ok(got.body.equals(bytes), `${size} bytes`);
      const head = await client.call('HEAD', path);
      for (const name of [
        'content-length',
        'etag',
        'docker-content-digest',
        'content-type',
        'accept-ranges',
      ]) {
        assert.equal(head.headers[name], got.headers[name], name);
      }
      const etag = String(got.headers.etag);
      for (const header of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
        assert.equal((await client.call('GET', path, { headers: { 'if-none-match': header } })).status, 304);
      }
      assert.equal((await client.call('GET', path, { headers: { 'if-none-match': '"x"' } })).status, 200);
    }
  }));

test('ranges give the bytes asked for, or say which there are', () =>
  withRegistry(async ({ client }) => {
    const bytes = randomBytes(1000);
    const path = `/v2/r/blobs/${await client.pushBlob('r', bytes)}`;
    const ranges: [string, number, number, number][] = [
      ['bytes=0-9', 206, 0, 10],
      ['bytes=10-', 206, 10, 1000],
      ['bytes=-5', 206, 995, 1000],
      ['bytes=-5000', 206, 0, 1000],
      ['bytes=990-2000', 206, 990, 1000],
      ['bytes=0-1,5-6', 200, 0, 1000],
      ['lines=0-1', 200, 0, 1000],
      ['bytes=-', 200, 0, 1000],
    ];
    for (const [range, status, from, to] of ranges) {
      const answer = await client.call('GET', path, { headers: { range } });
      assert.equal(answer.status, status, range);
      assert.ok(answer.body.equals(bytes.subarray(from, to)), range);
      if (status === 206) assert.equal(answer.headers['content-range'], `bytes ${from}-${to - 1}/1000`);
    }
    for (const range of ['bytes=1000-', 'bytes=9-5', 'bytes=-0', 'bytes=5000-6000']) {
      const answer = await client.call('GET', path, { headers: { range } });
      assert.deepEqual(
        [answer.status, answer.ours, answer.headers['content-range']],
        [416, 'REGISTRY_RANGE_INVALID', 'bytes */1000'],
      );
    }
    const changed = await client.call('GET', path, {
      headers: { range: 'bytes=0-9', 'if-range': '"other"' },
    });
    assert.equal(changed.status, 200);
  }));

test('a blob is only where it was pushed or mounted', () =>
  withRegistry(async ({ client }) => {
    const digest = await client.pushBlob('one', 'content');
    const elsewhere = await client.call('GET', `/v2/two/blobs/${digest}`);
    assert.deepEqual(
      [elsewhere.status, elsewhere.code, elsewhere.ours],
      [404, 'BLOB_UNKNOWN', 'REGISTRY_BLOB_UNKNOWN'],
    );
    const post = (query: string) => client.call('POST', `/v2/two/blobs/uploads/?${query}`);
    assert.equal((await post(`mount=${digest}&from=three`)).status, 202);
    assert.equal((await post(`mount=${MISSING}&from=one`)).status, 202);
    const mounted = await post(`mount=${digest}&from=one`);
    assert.deepEqual([mounted.status, mounted.headers.location], [201, `/v2/two/blobs/${digest}`]);
    assert.equal((await client.call('GET', `/v2/two/blobs/${digest}`)).body.toString(), 'content');
    const anonymous = await client.call('POST', `/v2/four/blobs/uploads/?mount=${digest}`);
    assert.equal(anonymous.status, 201);
    assert.equal((await post(`mount=${digest}&from=../etc`)).ours, 'REGISTRY_NAME_INVALID');
  }));

test('deleting a blob takes it from its repository only, and never from a manifest', () =>
  withRegistry(async ({ client }) => {
    const digest = await client.pushBlob('one', 'content');
    await client.pushBlob('two', 'content');
    assert.equal((await client.call('DELETE', `/v2/one/blobs/${digest}`)).status, 202);
    assert.equal((await client.call('HEAD', `/v2/one/blobs/${digest}`)).status, 404);
    assert.equal((await client.call('DELETE', `/v2/one/blobs/${digest}`)).status, 404);
    assert.equal((await client.call('HEAD', `/v2/two/blobs/${digest}`)).status, 200);
    const manifest = await pushImage(client, 'two', { tag: 'x', layer: 'content' });
    const refused = await client.call('DELETE', `/v2/two/blobs/${digest}`);
    assert.deepEqual([refused.status, refused.ours], [405, 'REGISTRY_BLOB_REFERENCED']);
    assert.equal((await client.call('DELETE', `/v2/two/manifests/${manifest}`)).status, 202);
    assert.equal((await client.call('DELETE', `/v2/two/blobs/${digest}`)).status, 202);
    assert.equal((await client.call('PATCH', `/v2/two/blobs/${digest}`)).status, 405);
  }));

test('a blob whose file was cut or lost counts as absent, and another push heals it', () =>
  withRegistry(async ({ client, dataDir }) => {
    const digest = await client.pushBlob('one', 'content');
    const hex = digest.slice('sha256:'.length);
    const file = join(dataDir, 'blobs', 'sha256', hex.slice(0, 2), hex);
    const damages = [() => truncateSync(file, 3), () => rmSync(file)];
    for (const damage of damages) {
      damage();
      assert.equal((await client.call('GET', `/v2/one/blobs/${digest}`)).code, 'BLOB_UNKNOWN');
      assert.equal((await client.call('HEAD', `/v2/one/blobs/${digest}`)).status, 404);
      await client.pushBlob('one', 'content');
      assert.equal((await client.call('GET', `/v2/one/blobs/${digest}`)).body.toString(), 'content');
    }
  }));

test('names, digests and paths that are not ones are refused, whatever they try', () =>
  withRegistry(async ({ client }) => {
    const cases: [string, number, string][] = [
      ['/v2/UPPER/tags/list', 400, 'NAME_INVALID'],
      ['/v2/a..b/tags/list', 400, 'NAME_INVALID'],
      ['/v2/../../etc/tags/list', 400, 'NAME_INVALID'],
      ['/v2/a/../b/tags/list', 400, 'NAME_INVALID'],
      ['/v2/a//b/tags/list', 400, 'NAME_INVALID'],
      ['/v2//tags/list', 400, 'NAME_INVALID'],
      [`/v2/${'a'.repeat(256)}/tags/list`, 400, 'NAME_INVALID'],
      ['/v2/a%2Fb/tags/list', 400, 'UNSUPPORTED'],
      ['/v2/a%00/tags/list', 400, 'UNSUPPORTED'],
      ['/v2/%zz/tags/list', 400, 'UNSUPPORTED'],
      [`/v2/a/${'b'.repeat(5000)}`, 400, 'UNSUPPORTED'],
      ['/v2/a/blobs/sha256:short', 400, 'DIGEST_INVALID'],
      ['/v2/a/blobs/md5:d41d8cd98f00b204e9800998ecf8427e', 400, 'DIGEST_INVALID'],
      [`/v2/a/blobs/sha256:${'A'.repeat(64)}`, 400, 'DIGEST_INVALID'],
      ['/v2/a/blobs/..', 400, 'DIGEST_INVALID'],
      ['/v2/a/manifests/-bad', 400, 'MANIFEST_INVALID'],
      [`/v2/a/manifests/${'t'.repeat(129)}`, 400, 'MANIFEST_INVALID'],
      ['/v2/a/manifests/sha256:zz', 400, 'DIGEST_INVALID'],
      ['/v2/a/referrers/latest', 400, 'DIGEST_INVALID'],
      ['/v2/a/tags/list?n=-1', 400, 'UNSUPPORTED'],
      ['/v2/a/tags/list?n=many', 400, 'UNSUPPORTED'],
      ['/v2/a/b', 404, 'UNSUPPORTED'],
      ['/v2/a/blobs/uploads/../../../../etc/passwd', 404, 'UNSUPPORTED'],
    ];
    for (const [path, status, code] of cases) {
      const answer = await client.call('GET', path);
      assert.deepEqual([answer.status, answer.code], [status, code], path.slice(0, 80));
    }
    const encoded = await client.call('GET', `/v2/a/blobs/${MISSING.replace(':', '%3A')}`);
    assert.equal(encoded.code, 'BLOB_UNKNOWN', 'an encoded colon is one');
    assert.equal(
      (await client.pushManifest('a', 'x', imageManifest(['y']))).ours,
      'REGISTRY_MANIFEST_BLOB_UNKNOWN',
    );
  }));

test('a blob that is cut while it is sent ends the connection, not the answer', () =>
  withRegistry(async ({ client, registry, dataDir }) => {
    const digest = await client.pushBlob('one', Buffer.alloc(32 * 1024 * 1024, 'x'));
    const hex = digest.slice('sha256:'.length);
    const socket = connect(registry.port, registry.host);
    socket.write(`GET /v2/one/blobs/${digest} HTTP/1.1\r\nhost: x\r\n\r\n`);
    await once(socket, 'readable');
    truncateSync(join(dataDir, 'blobs', 'sha256', hex.slice(0, 2), hex), 1000);
    let received = 0;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      received += chunk.byteLength;
    });
    await once(socket, 'close');
    assert.ok(received < 32 * 1024 * 1024, `${received} bytes`);
    assert.equal((await client.call('GET', '/v2/')).status, 200);
  }));
