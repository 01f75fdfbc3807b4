import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT } from '#base';
import { parseTarget } from '../http/target.js';
import { clientOf, fixture, randomBlob, sourceOf } from '../test-support.js';
import { coversScopes, mergeScopes } from './scope.js';
import { fetchToken } from './token.js';

const users = ['anna:correct horse'];
const anna = {
  find: async () => ({ credential: { username: 'anna', password: 'correct horse' }, source: 'the test' }),
};
const MIB = 1024 * 1024;

test('scopes of one resource are merged and sorted; a wider token covers a narrower need', () => {
  assert.deepEqual(mergeScopes(['repository:b:push,pull', 'repository:a:pull'], ['repository:b:pull', 'x']), [
    'repository:a:pull',
    'repository:b:pull,push',
  ]);
  assert.equal(coversScopes(['repository:a:pull,push'], ['repository:a:pull']), true);
  assert.equal(coversScopes(['repository:a:pull'], ['repository:a:pull,push']), false);
  assert.equal(coversScopes(['repository:a:pull,push'], ['repository:b:pull']), false);
});

test('a mount asks for its source too, one parameter for each scope', async (t) => {
  const { repository, server } = await fixture(t, { auth: { type: 'bearer', users } }, { credentials: anna });
  const { bytes, descriptor } = randomBlob(100);
  server.model.putBlob('other/lib', bytes);
  assert.equal(await repository.mount(descriptor, 'other/lib'), true);
  const token = server.seen.find(({ url }) => url.startsWith('/token'));
  const query = new URL(token?.url ?? '', 'http://x').searchParams;
  assert.deepEqual(query.getAll('scope'), ['repository:ns/app:pull,push', 'repository:other/lib:pull']);
  assert.equal(query.get('client_id'), 'prov');
});

test('when the scope of a mount is refused the blob is pushed without it', async (t) => {
  for (const status of [400, 401, 403]) {
    const { repository, server } = await fixture(
      t,
      { auth: { type: 'bearer', users } },
      { credentials: anna },
    );
    const { bytes, descriptor } = randomBlob(100);
    server.model.putBlob('secret/lib', bytes);
    server.fault({ path: /^\/token.*secret/, times: 9, does: { answer: { status } } });
    assert.equal(await repository.mount(descriptor, 'secret/lib'), false);
    await repository.push(descriptor, sourceOf(bytes));
    assert.ok(server.model.repository('ns/app').blobs.has(descriptor.digest));
  }
});

test('a token that is too narrow is widened by what the registry asks for, once', async (t) => {
  const challenges = ['Bearer realm="{realm}",service="registry",scope="{scope}",error="insufficient_scope"'];
  const auth = { type: 'bearer', users, challenges } as const;
  const { repository, server } = await fixture(t, { auth }, { credentials: anna });
  await repository.list();
  const { bytes, descriptor } = randomBlob(100);
  await repository.push(descriptor, sourceOf(bytes));
  assert.equal(server.count('GET', /^\/token/), 2);
  const last = server.seen.filter(({ url }) => url.startsWith('/token')).at(-1);
  assert.match(decodeURIComponent(last?.url ?? ''), /repository:ns\/app:pull,push/);
});

test('a right that is never given is said as such', async (t) => {
  const challenges = ['Bearer realm="{realm}",scope="{scope}",error="insufficient_scope"'];
  const { repository, server } = await fixture(
    t,
    { auth: { type: 'bearer', users, challenges, grants: [] } },
    { credentials: anna },
  );
  await assert.rejects(repository.list(), { code: 'OCI_AUTH_FORBIDDEN', exitCode: EXIT.permission });
  assert.ok(server.seen.length <= 6, `${server.seen.length} requests`);
});

test('tokens are kept apart by registry, realm, service and credential', async (t) => {
  const one = await fixture(t, { auth: { type: 'bearer', users } }, { credentials: anna });
  await one.repository.list();
  const other = clientOf(t, one.server.host);
  await other.repository('ns/app').list();
  assert.equal(one.server.count('GET', /^\/token/), 2);
  const challenge = `Bearer realm="${one.server.origin}/token",service="other"`;
  one.server.fault({
    path: /ns\/lib/,
    does: { answer: { status: 401, headers: { 'www-authenticate': challenge } } },
  });
  await one.registry.repository('ns/lib').list();
  await one.repository.list();
  const services = one.server.seen
    .filter(({ url }) => url.startsWith('/token'))
    .map(({ url }) => `${new URL(url, 'http://x').searchParams.get('service')}`);
  // The last two: ns/lib by the new service, and ns/app again, whose token was for the old one.
  assert.deepEqual(services.slice(-2), ['other', 'other']);
});

const exchangeOf = (body: object, date?: string) => async () => ({
  status: 200,
  bytes: Buffer.from(JSON.stringify(body)),
  date,
});
const request = {
  realm: parseTarget('https://auth.example/token')!,
  service: 's',
  scopes: [],
  found: undefined,
  registry: 'registry.example',
};
const left = async (body: object, date?: string) =>
  Math.round(((await fetchToken(request, exchangeOf(body, date))).expiresAtMs - Date.now()) / 1000);

test('a token lives as long as it says, less ten seconds, from when it was issued', async () => {
  assert.equal(await left({ token: 'abc' }), 50);
  assert.equal(await left({ access_token: 'abc', expires_in: 300 }), 290);
  const issued_at = '2026-01-01T00:00:00Z';
  assert.equal(
    await left({ token: 'abc', expires_in: 300, issued_at }, 'Thu, 01 Jan 2026 00:01:40 GMT'),
    190,
  );
  assert.equal(await left({ token: 'abc', expires_in: 300, issued_at: 'nonsense' }, 'x'), 290);
  assert.equal(await left({ token: 'abc', expires_in: 4 }), 2);
});

test('a long upload starts with a token that lasts, a short one with what is there', async (t) => {
  const auth = { type: 'bearer', users, tokenSeconds: 60 } as const;
  const { repository, server } = await fixture(t, { auth }, { credentials: anna });
  const small = randomBlob(1000);
  await repository.push(small.descriptor, sourceOf(small.bytes));
  const now = Date.now;
  t.after(() => {
    Date.now = now;
  });
  Date.now = () => now() + 30_000;
  const other = randomBlob(1000);
  await repository.push(other.descriptor, sourceOf(other.bytes));
  assert.equal(server.count('GET', /^\/token/), 1);
  const big = randomBlob(2 * MIB);
  await repository.push(big.descriptor, sourceOf(big.bytes));
  assert.equal(server.count('GET', /^\/token/), 2);
  assert.ok(
    server.seen.findLastIndex(({ url }) => url.startsWith('/token')) >
      server.seen.findLastIndex(({ method }) => method === 'POST'),
  );
});

test('a token that ends in the middle of a chunked upload is replaced, and nothing is sent from the start', async (t) => {
  const { repository, server } = await fixture(t, { auth: { type: 'bearer', users } }, { credentials: anna });
  const { bytes, descriptor } = randomBlob(20 * MIB);
  server.fault({ method: 'PATCH', does: { change: () => server.gatekeeper?.tokens.clear() } });
  await repository.push(descriptor, sourceOf(bytes));
  assert.deepEqual(
    server.seen.filter(({ method }) => method === 'PATCH').map(({ status }) => status),
    [202, 401, 202, 202],
  );
  assert.equal(server.count('POST', /uploads/), 1);
});

test('a realm that fails for a moment is asked again; one that redirects is refused', async (t) => {
  const { repository, server } = await fixture(t, { auth: { type: 'bearer', users } }, { credentials: anna });
  server.fault({ path: /^\/token/, does: { answer: { status: 503 } } });
  await repository.list();
  assert.equal(server.count('GET', /^\/token/), 2);
  server.gatekeeper?.tokens.clear();
  server.fault({
    path: /^\/token/,
    does: { answer: { status: 302, headers: { location: 'http://127.0.0.1:1/token' } } },
  });
  await assert.rejects(repository.list(), { code: 'OCI_REMOTE_REDIRECT_REFUSED' });
});
