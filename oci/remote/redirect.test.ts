import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT } from '#base';
import { clientOf, fixture, randomBlob, readAll, sourceOf } from './test-support.js';

const MIB = 1024 * 1024;
const BIG = 20 * MIB;

test('upload addresses are followed in every form, their query byte for byte', async (t) => {
  const query = 'z=1&sig=a%2Bb/c%3D%3D&a=2&empty=';
  for (const form of ['relative', 'absolute', 'signed']) {
    const { repository, server } = await fixture(t);
    server.behaviour.location = (path) =>
      form === 'relative' ? path : form === 'absolute' ? `${server.origin}${path}` : `${path}?${query}`;
    for (const size of [1000, BIG]) {
      const { bytes, descriptor } = randomBlob(size);
      await repository.push(descriptor, sourceOf(bytes));
      const put = server.seen.at(-1);
      const joint = form === 'signed' ? `?${query}&digest=` : '?digest=';
      assert.ok(put?.url.endsWith(`${joint}${encodeURIComponent(descriptor.digest)}`), put?.url);
    }
  }
});

test('an upload address on another origin gets no credentials', async (t) => {
  const users = ['anna:secret-word'];
  const credentials = {
    find: async () => ({ credential: { username: 'anna', password: 'secret-word' }, source: 'test' }),
  };
  const headers = { 'X-Team': 'blue' };
  const { server } = await fixture(t, { auth: { type: 'basic', users } });
  const storage = (await fixture(t, { model: server.model })).server;
  server.behaviour.location = (path) => `${storage.origin}${path}`;
  storage.behaviour.location = (path) => `${storage.origin}${path}`;
  const repository = clientOf(t, server.host, { credentials, headers }).repository('ns/app');
  for (const size of [1000, BIG]) {
    const { bytes, descriptor } = randomBlob(size);
    await repository.push(descriptor, sourceOf(bytes));
  }
  assert.ok(storage.seen.length > 1);
  for (const { headers: sent } of storage.seen) {
    assert.equal(sent.authorization, undefined);
    assert.equal(sent['x-team'], undefined);
  }
  assert.ok(server.seen.every(({ headers: sent }) => sent['x-team'] === 'blue'));
});

test('a blob redirected to another origin is read without credentials, with its range', async (t) => {
  const credentials = {
    find: async () => ({ credential: { username: 'anna', password: 'secret-word' }, source: 'test' }),
  };
  const { server, repository } = await fixture(
    t,
    { auth: { type: 'basic', users: ['anna:secret-word'] } },
    { credentials },
  );
  const storage = (await fixture(t, { model: server.model })).server;
  const { bytes, descriptor } = randomBlob(MIB);
  server.model.putBlob('ns/app', bytes);
  await repository.headBlob(descriptor.digest);
  for (const status of [307, 302]) {
    server.fault({
      method: 'GET',
      does: { answer: ({ url }) => ({ status, headers: { location: `${storage.origin}${url}` } }) },
    });
  }
  storage.fault({ does: { cutAnswerAfter: 200_000 } });
  assert.deepEqual(await readAll(await repository.fetch(descriptor)), bytes);
  assert.equal(server.count('GET'), 2);
  assert.ok(storage.seen.every(({ headers }) => headers.authorization === undefined));
  assert.match(storage.seen[1]?.headers.range ?? '', /^bytes=\d+-$/);
});

test('a signed address that ran out is asked for again at the registry', async (t) => {
  const { server, repository } = await fixture(t);
  const storage = (await fixture(t, { model: server.model })).server;
  const { bytes, descriptor } = randomBlob(1000);
  server.model.putBlob('ns/app', bytes);
  server.fault({
    times: 2,
    does: { answer: ({ url }) => ({ status: 307, headers: { location: `${storage.origin}${url}` } }) },
  });
  storage.fault({ does: { answer: { status: 403, body: Buffer.from('<Error>expired</Error>') } } });
  assert.deepEqual(await readAll(await repository.fetch(descriptor)), bytes);
  assert.equal(server.seen.length, 2);
});

test('redirects in circles, without end, to files or into the private network are refused', async (t) => {
  const { server, repository } = await fixture(t);
  const steps = Array.from({ length: 12 }, (_, index) => `/v2/loop/${index}`);
  for (const location of [
    () => '/v2/ns/app/tags/list?n=1000',
    () => steps.shift() ?? '',
    () => 'file:///etc/passwd',
    () => '',
  ]) {
    server.fault({ times: 12, does: { answer: () => ({ status: 302, headers: { location: location() } }) } });
    await assert.rejects(repository.list(), { code: 'OCI_REMOTE_REDIRECT_REFUSED', exitCode: EXIT.refused });
    server.clearFaults();
  }
  const port = server.host.split(':')[1];
  const resolve = new Map([[`registry.example:${port}`, '127.0.0.1']]);
  const registry = clientOf(t, `registry.example:${port}`, { plainHttp: true, resolve });
  server.fault({
    does: { answer: { status: 307, headers: { location: 'http://169.254.169.254/latest/meta-data' } } },
  });
  await assert.rejects(registry.repository('ns/app').list(), { code: 'OCI_REMOTE_REDIRECT_REFUSED' });
});
