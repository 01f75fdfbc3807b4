import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProvError } from '#base';
import { parseTarget, sameOrigin } from './http/target.js';
import type { Answer } from './http/transport.js';
import { followLocation } from './redirect.js';
import { clientOf, fixture, randomBlob, readAll, sourceOf } from './test-support.js';

const at = (address: string) => parseTarget(address)!;
const anna = {
  find: async () => ({ credential: { username: 'anna', password: 'secret-word' }, source: 'test' }),
};
const basic = { auth: { type: 'basic', users: ['anna:secret-word'] } } as const;
const answerAt = (address: string, location: string) =>
  ({ status: 307, headers: { location }, target: at(address) }) as unknown as Answer;

test('an answer over https leads nowhere over http', () => {
  const registry = at('https://registry.example/');
  const from = 'https://registry.example/v2/a/blobs/x';
  assert.equal(
    followLocation(registry, answerAt(from, 'https://cdn.example/x'), 'GET').hostname,
    'cdn.example',
  );
  for (const location of ['http://registry.example/x', 'http://cdn.example/x'])
    assert.throws(() => followLocation(registry, answerAt(from, location), 'GET'), {
      code: 'OCI_REMOTE_REDIRECT_REFUSED',
      message: /not encrypted/,
    });
});

test('uploads are not sent to addresses inside a private network that a public registry names', () => {
  const registry = at('https://registry.example/');
  for (const host of ['127.0.0.1', '10.1.2.3', '[::1]', '169.254.169.254', 'localhost:8080'])
    assert.throws(
      () =>
        followLocation(
          registry,
          answerAt('https://registry.example/v2/a/blobs/uploads/', `https://${host}/up`),
          'POST',
        ),
      { code: 'OCI_REMOTE_REDIRECT_REFUSED', message: /private network/ },
    );
  const inside = at('https://10.0.0.1/');
  assert.equal(
    followLocation(inside, answerAt('https://10.0.0.1/v2/', 'https://10.0.0.2/up'), 'POST').port,
    443,
  );
});

test('an origin is scheme, host and port, with the default port folded in', () => {
  assert.equal(sameOrigin(at('https://a.example/x'), at('https://A.example:443/y')), true);
  assert.equal(sameOrigin(at('http://a.example/x'), at('http://a.example:80/y')), true);
  assert.equal(sameOrigin(at('http://a.example:443/'), at('https://a.example/')), false);
  assert.equal(sameOrigin(at('https://a.example/'), at('https://a.example:8443/')), false);
  assert.equal(sameOrigin(at('https://a.example/'), at('https://b.a.example/')), false);
});

for (const status of [301, 302, 303, 307, 308]) {
  test(`${status} is followed for reads, without credentials and own headers on another port`, async (t) => {
    const { server } = await fixture(t, basic);
    const storage = (await fixture(t, { model: server.model })).server;
    const repository = clientOf(t, server.host, {
      credentials: anna,
      headers: { 'X-Team': 'blue' },
    }).repository('ns/app');
    const { bytes, descriptor } = randomBlob(1000);
    server.model.putBlob('ns/app', bytes);
    await repository.headBlob(descriptor.digest);
    for (const method of ['HEAD', 'GET'])
      server.fault({
        method,
        does: { answer: ({ url }) => ({ status, headers: { location: `${storage.origin}${url}` } }) },
      });
    assert.equal(await repository.headBlob(descriptor.digest), bytes.length);
    assert.deepEqual(await readAll(await repository.fetch(descriptor)), bytes);
    assert.deepEqual(
      storage.seen.map(({ method }) => method),
      ['HEAD', 'GET'],
    );
    for (const { headers } of storage.seen)
      assert.deepEqual(
        [headers.authorization, headers['x-team'], headers.cookie],
        [undefined, undefined, undefined],
      );
  });
}

test('writes follow 307 and 308 with their body, and no other redirect', async (t) => {
  for (const status of [301, 302, 303, 307, 308]) {
    const { server, repository } = await fixture(t);
    const storage = (await fixture(t, { model: server.model })).server;
    const { bytes, descriptor } = randomBlob(100_000);
    server.fault({
      method: 'PUT',
      does: { answer: ({ url }) => ({ status, headers: { location: `${storage.origin}${url}` } }) },
    });
    const pushed = repository.push(descriptor, sourceOf(bytes));
    if (status >= 307) await pushed;
    else await assert.rejects(pushed, { code: 'OCI_REMOTE_ANSWER_INVALID' });
    assert.equal(storage.seen.length, status >= 307 ? 1 : 0);
    assert.equal(server.model.repository('ns/app').blobs.has(descriptor.digest), status >= 307);
  }
});

test('ten redirects are followed, eleven are not', async (t) => {
  for (const steps of [10, 11]) {
    const { server, repository } = await fixture(t);
    for (let step = 1; step <= steps; step += 1) {
      const location = step === steps ? '/v2/ns/app/tags/list' : `/v2/step/${step}/tags/list`;
      server.fault({ does: { answer: { status: 302, headers: { location } } } });
    }
    if (steps === 10) assert.deepEqual(await repository.list(), []);
    else
      await assert.rejects(repository.list(), { code: 'OCI_REMOTE_REDIRECT_REFUSED', message: /too many/ });
  }
});

test('whoever we were sent to may ask for credentials and gets none', async (t) => {
  const { server, repository } = await fixture(t, basic, { credentials: anna });
  const thief = (await fixture(t)).server;
  const { bytes, descriptor } = randomBlob(1000);
  server.model.putBlob('ns/app', bytes);
  await repository.headBlob(descriptor.digest);
  server.fault({
    method: 'GET',
    times: 9,
    does: { answer: ({ url }) => ({ status: 307, headers: { location: `${thief.origin}${url}` } }) },
  });
  for (const challenge of ['Basic realm="x"', `Bearer realm="${thief.origin}/token"`]) {
    thief.fault({ times: 9, does: { answer: { status: 401, headers: { 'www-authenticate': challenge } } } });
    await assert.rejects(repository.fetch(descriptor), { code: 'OCI_AUTH_REQUIRED' });
    thief.clearFaults();
  }
  assert.ok(thief.seen.length > 0);
  assert.ok(thief.seen.every(({ headers }) => headers.authorization === undefined));
  assert.equal(thief.count('GET', /token/), 0);
});

test('after a break the registry itself is asked again, never the address it gave before', async (t) => {
  const { server, repository } = await fixture(t);
  const storage = (await fixture(t, { model: server.model })).server;
  const { bytes, descriptor } = randomBlob(300_000);
  server.model.putBlob('ns/app', bytes);
  let signed = 0;
  server.fault({
    method: 'GET',
    times: 9,
    does: {
      answer: ({ url }) => {
        signed += 1;
        return { status: 307, headers: { location: `${storage.origin}${url}?sig=${signed}` } };
      },
    },
  });
  storage.fault({ times: 2, does: { cutAnswerAfter: 70_000 } });
  assert.deepEqual(await readAll(await repository.fetch(descriptor)), bytes);
  assert.deepEqual(
    storage.seen.map(({ url }) => url.split('?')[1]),
    ['sig=1', 'sig=2', 'sig=3'],
  );
  assert.equal(server.count('GET'), 3);
});

test('a signed address is in no event and in no message', async (t) => {
  const events: string[] = [];
  const { server, repository } = await fixture(
    t,
    {},
    { onRequest: (event) => events.push(JSON.stringify(event)), retry: { attempts: 1 } },
  );
  const storage = (await fixture(t, { model: server.model })).server;
  const { descriptor } = randomBlob(1000);
  server.fault({
    does: { answer: { status: 307, headers: { location: `${storage.origin}/x?X-Signature=very-secret` } } },
  });
  storage.fault({ does: { answer: { status: 403 } } });
  await assert.rejects(repository.fetch(descriptor), (error: ProvError) => {
    assert.ok(!`${error.message} ${error.stack} ${JSON.stringify(error.details)}`.includes('very-secret'));
    return true;
  });
  assert.equal(events.length, 2);
  assert.ok(!events.join().includes('very-secret'));
});
