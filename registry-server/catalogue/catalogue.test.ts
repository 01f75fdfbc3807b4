import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indexDocumentSchema, MEDIA } from '#schemas';
import { extension, pushExtension, pushImage } from '../test/sample-content.js';
import { withRegistry } from '../test/with-registry.js';

test('the index has every version once, with facts and digest, and an ETag that follows changes', () =>
  withRegistry(async ({ client }) => {
    const path = '/api/v1/index/ns/redis';
    const unknown = await client.call('GET', path);
    assert.deepEqual([unknown.status, unknown.ours], [404, 'REGISTRY_EXTENSION_UNKNOWN']);
    const dependencies = { os: { version: '^1.0.0' } };
    await pushExtension(client, 'ns/redis', extension({ name: 'redis', version: '1.10.0', dependencies }));
    const old = extension({ name: 'redis', version: '1.9.0+x', deprecated: { reason: 'too old' } });
    await pushExtension(client, 'ns/redis', old);
    const answer = await client.call('GET', path);
    assert.equal(answer.headers['content-type'], MEDIA.indexDocument);
    const { entries, repository } = indexDocumentSchema.parse(answer.json());
    assert.equal(repository, 'ns/redis');
    assert.deepEqual(
      entries.map((each) => [each.version, each.state, each.kind]),
      [
        ['1.9.0+x', 'deprecated', 'taskserv'],
        ['1.10.0', 'active', 'taskserv'],
      ],
    );
    assert.equal(entries[0]?.reason, 'too old');
    assert.deepEqual(entries[1]?.deps, { dependencies });
    const head = await client.call('HEAD', '/v2/ns/redis/manifests/1.10.0');
    assert.deepEqual(
      [head.headers['docker-content-digest'], head.headers['content-length']],
      [entries[1]?.digest, String(entries[1]?.size)],
    );
    const etag = String(answer.headers.etag);
    assert.equal((await client.call('GET', path, { headers: { 'if-none-match': etag } })).status, 304);
    assert.equal((await client.call('DELETE', '/v2/ns/redis/manifests/1.9.0_x')).status, 202);
    const changed = await client.call('GET', path, { headers: { 'if-none-match': etag } });
    assert.equal(changed.status, 200);
    assert.deepEqual(
      changed.json<{ entries: { version: string }[] }>().entries.map((each) => each.version),
      ['1.10.0'],
    );
    assert.equal((await client.call('GET', '/api/v1/index/NS/redis')).status, 400);
  }));

test('the list of extensions shows the newest version of each, and no images', () =>
  withRegistry(async ({ client }) => {
    for (const version of ['1.0.0', '1.10.0', '1.9.0'])
      await pushExtension(client, 'ns/redis', extension({ name: 'redis', version }));
    await pushExtension(client, 'other/web', extension({ name: 'web', type: 'cluster' }));
    await pushImage(client, 'ns/image', { tag: '1.0.0' });
    const list = async (query = '') => {
      const { data } = (await client.call('GET', `/api/v1/extensions${query}`)).json<{
        data: { extensions: { name: string; version: string; versions: number }[] };
      }>();
      return data.extensions.map(({ name, version, versions }) => [name, version, versions]);
    };
    assert.deepEqual(await list(), [
      ['redis', '1.10.0', 3],
      ['web', '1.0.0', 1],
    ]);
    assert.deepEqual(await list('?namespace=ns'), [['redis', '1.10.0', 3]]);
    assert.deepEqual(await list('?kind=cluster'), [['web', '1.0.0', 1]]);
  }));

test('the list comes in pages, each version of an extension knows its state, and odd questions are refused', () =>
  withRegistry(async ({ client }) => {
    for (const name of ['aa', 'bb', 'cc']) await pushExtension(client, `ns/${name}`, extension({ name }));
    const page = async (query: string) => {
      const answer = await client.call('GET', `/api/v1/extensions${query}`);
      const { data } = answer.json<{
        data: { extensions: { repository: string; state: string }[]; next?: string };
      }>();
      return [data.extensions.map(({ repository }) => repository), data.next];
    };
    assert.deepEqual(await page('?n=2'), [['ns/aa', 'ns/bb'], 'ns/bb']);
    assert.deepEqual(await page('?n=2&last=ns/bb'), [['ns/cc'], undefined]);
    assert.deepEqual(await page('?kind=taskservs'), [['ns/aa', 'ns/bb', 'ns/cc'], undefined]);
    for (const path of ['extensions?n=x', 'extensions?kind=odd', `search?q=${'x'.repeat(300)}`])
      assert.equal((await client.call('GET', `/api/v1/${path}`)).status, 400, path);
  }));

test('the search finds names, globs, keywords and descriptions, the best first', () =>
  withRegistry(async ({ client }) => {
    const push = (name: string, more: Parameters<typeof extension>[0] | object = {}) =>
      pushExtension(client, `ns/${name}`, extension({ name, ...more }));
    await push('redis', { description: 'a store' });
    await push('redis-cache', { type: 'cluster' });
    await push('valkey', { description: 'like redis', tags: ['kv-store'] });
    const search = async (query: string) => {
      const { data } = (await client.call('GET', `/api/v1/search?q=${encodeURIComponent(query)}`)).json<{
        data: { total: number; extensions: { name: string }[] };
      }>();
      assert.equal(data.total, data.extensions.length);
      return data.extensions.map(({ name }) => name);
    };
    assert.deepEqual(await search('redis'), ['redis', 'redis-cache', 'valkey']);
    assert.deepEqual(await search('redis-*'), ['redis-cache']);
    assert.deepEqual(await search('kv-store'), ['valkey']);
    assert.deepEqual(await search('REDIS store'), ['redis', 'valkey']);
    assert.deepEqual(await search('nothing'), []);
    assert.equal((await search('')).length, 3);
  }));

test('health, counters and metrics answer, and counters count what was asked', () =>
  withRegistry(async ({ client }) => {
    for (const path of ['/livez', '/readyz']) {
      assert.deepEqual((await client.call('GET', path)).json(), { status: 'healthy' });
    }
    await pushImage(client, 'a', { tag: 'x' });
    await client.call('GET', '/v2/a/manifests/nothing');
    const { data } = (await client.call('GET', '/api/v1/stats')).json<{
      data: { requests: Record<string, number>; responses: Record<string, number> };
    }>();
    assert.deepEqual(data.requests, { GET: 1, HEAD: 0, POST: 2, PATCH: 0, PUT: 1, DELETE: 0 });
    assert.deepEqual(data.responses, { 201: 3, 404: 1 });
    assert.match(
      (await client.call('GET', '/metrics')).body.toString(),
      /requests_total\{method="PUT"\} 1\n/,
    );
    const nowhere = await client.call('GET', '/nowhere');
    assert.deepEqual([nowhere.status, nowhere.ours], [404, 'REGISTRY_ROUTE_UNKNOWN']);
  }));
