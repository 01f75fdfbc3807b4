import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { MEDIA } from '#schemas';
import type { CredentialQuery } from './credentials/credential-source.js';
import { RegistryClient } from './registry-client.js';
import { RepositoryAccess } from './repository-access.js';
import { clientOf, fixture, manifestOf } from './test-support.js';

test('docker.io is asked at registry-1.docker.io, single names under library/, by the key of docker.io', async (t) => {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (asked.length === 1) response.writeHead(401, { 'www-authenticate': 'Basic realm="hub"' }).end();
    else response.end('{"tags":[]}');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => proxy.close());
  const env = { http_proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
  const queries: CredentialQuery[] = [];
  const credentials = {
    async find(query: CredentialQuery) {
      queries.push(query);
      return { credential: { username: 'anna', password: 'hub-secret' }, source: 'the test' };
    },
  };
  for (const registry of ['docker.io', 'index.docker.io']) {
    asked.length = 0;
    const client = clientOf(t, registry, { env, plainHttp: true, credentials });
    await client.repository('redis').list();
    await client.repository('bitnami/redis').list();
    assert.deepEqual(
      asked.slice(1).map((url) => url.replace(/\?.*/, '')),
      [
        'http://registry-1.docker.io/v2/library/redis/tags/list',
        'http://registry-1.docker.io/v2/bitnami/redis/tags/list',
      ],
    );
  }
  assert.deepEqual(queries[0], { registry: 'docker.io', repository: 'redis' });
});

test('host and name together are at most 255 characters', () => {
  const client = new RegistryClient({ registry: 'registry.example', env: {} });
  const longest = 'x'.repeat(255 - 'registry.example/'.length);
  assert.equal(new RepositoryAccess(client, longest).label.length, 255);
  assert.throws(() => new RepositoryAccess(client, `${longest}x`), { code: 'SCHEMAS_NAME_INVALID' });
  client.close();
});

test('names of every legal form are sent, others are refused', async (t) => {
  const { registry, server } = await fixture(t);
  for (const name of ['a', 'a/b/c', 'a.b', 'a_b', 'a__b', 'a---b', '0/9', 'a-b.c_d/e']) {
    await registry.repository(name).list();
    assert.equal(server.seen.at(-1)?.url.split('?')[0], `/v2/${name}/tags/list`);
  }
  for (const name of ['a___b', 'a..b', '-a', 'a-', '/a', 'a/', 'ä', 'a%2fb', 'a?b', 'A'])
    assert.throws(() => registry.repository(name), { code: 'SCHEMAS_NAME_INVALID' }, name);
});

test('the first request is the one that was meant: nobody asks /v2/ first', async (t) => {
  const { repository, server } = await fixture(t, { auth: { type: 'bearer', users: [] } });
  await repository.list();
  assert.deepEqual(
    server.seen.map(({ method, url }) => `${method} ${url.replace(/\?.*/, '')}`),
    ['GET /v2/ns/app/tags/list', 'GET /token', 'GET /v2/ns/app/tags/list'],
  );
});

test('a tag is resolved once; what follows goes by digest, whatever the tag does meanwhile', async (t) => {
  const { repository, server } = await fixture(t);
  const one = manifestOf({ note: 'one' });
  const two = manifestOf({ note: 'two' });
  server.model.putManifest('ns/app', { type: MEDIA.ociManifest, bytes: one.bytes, tag: 'latest' });
  const descriptor = await repository.resolve('latest');
  server.model.putManifest('ns/app', { type: MEDIA.ociManifest, bytes: two.bytes, tag: 'latest' });
  const { bytes } = await repository.fetchManifest(descriptor.digest);
  assert.deepEqual(Buffer.from(bytes), one.bytes);
  await repository.fetchManifest(descriptor.digest);
  assert.equal(server.seen.length, 2);
  assert.equal(server.seen[1]?.url, `/v2/ns/app/manifests/${one.descriptor.digest}`);
});
