import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT, type ProvError } from '#base';
import { createRemoteRegistry } from './remote-registry.js';
import { clientOf, fixture, randomBlob, sourceOf } from './test-support.js';

const MIB = 1024 * 1024;
const BIG = 20 * MIB;

test('Retry-After is obeyed in seconds and as a date, by every request to the host', async (t) => {
  const { repository, server } = await fixture(t);
  const inTwoSeconds = () => new Date(Math.ceil(Date.now() / 1000) * 1000 + 2000).toUTCString();
  for (const [value, waited] of [
    ['1', 990],
    [inTwoSeconds, 1000],
  ] as const) {
    const retryAfter = typeof value === 'string' ? value : value();
    server.fault({ does: { answer: { status: 429, headers: { 'retry-after': retryAfter } } } });
    const started = Date.now();
    const first = repository.list();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const before = server.seen.length;
    await Promise.all([first, repository.resolve('latest').catch(() => undefined)]);
    assert.ok(Date.now() - started >= waited, `${Date.now() - started} ms`);
    assert.ok(server.seen.length > before);
  }
});

test('a wait longer than allowed fails at once and says how long', async (t) => {
  const { repository, server } = await fixture(t, {}, { retry: { attempts: 3, maxWaitMs: 1000 } });
  server.fault({ does: { answer: { status: 429, headers: { 'retry-after': '3600' } } } });
  await assert.rejects(repository.list(), {
    code: 'OCI_REMOTE_RATE_LIMITED',
    exitCode: EXIT.network,
    message: /3600 s/,
  });
  assert.equal(server.seen.length, 1);
});

test('what may pass is tried again, what will not is not', async (t) => {
  for (const status of [408, 429, 500, 502, 503, 504, 499, 522]) {
    const { repository, server } = await fixture(t);
    server.fault({ does: { answer: { status } } });
    await repository.list();
    assert.equal(server.seen.length, 2, `status ${status}`);
  }
  for (const status of [400, 405, 501, 505]) {
    const { repository, server } = await fixture(t);
    server.fault({ does: { answer: { status } } });
    await assert.rejects(repository.list());
    assert.equal(server.seen.length, 1, `status ${status}`);
  }
});

test('errors name host, method, path, code and request id, never the query', async (t) => {
  const { repository, server } = await fixture(t);
  const body = Buffer.from(JSON.stringify({ errors: [{ code: 'UNSUPPORTED', message: 'no\u0007 way' }] }));
  server.fault({ does: { answer: { status: 400, body, headers: { 'x-request-id': 'abc-1' } } } });
  await assert.rejects(repository.list(), (error: ProvError) => {
    assert.equal(error.code, 'OCI_REMOTE_REFUSED');
    assert.equal(
      error.message,
      `${server.host} refused GET /v2/ns/app/tags/list with 400: UNSUPPORTED: no way`,
    );
    assert.equal(error.details['requestId'], 'abc-1');
    return true;
  });
});

test('an error body of any size and kind costs little', async (t) => {
  const { repository, server } = await fixture(t);
  for (const body of [
    Buffer.alloc(20 * MIB, 'x'),
    Buffer.from('<html>oops</html>'),
    Buffer.from([0xff, 0xfe]),
    Buffer.alloc(0),
  ]) {
    server.fault({ does: { answer: { status: 400, body } } });
    await assert.rejects(
      repository.list(),
      (error: ProvError) => error.code === 'OCI_REMOTE_REFUSED' && error.message.length < 600,
    );
  }
});

test('413 says that the content is too large', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(MIB);
  server.fault({ method: 'PUT', does: { answer: { status: 413 } } });
  await assert.rejects(repository.push(descriptor, sourceOf(bytes)), { code: 'OCI_REMOTE_TOO_LARGE' });
});

test('a registry that goes down in the middle of a push is one clear error', async (t) => {
  for (const size of [MIB, BIG]) {
    const { repository, server } = await fixture(t);
    const { bytes, descriptor } = randomBlob(size);
    const source = async function* dying() {
      for (let at = 0; at < bytes.length; at += 65_536) {
        if (at === 65_536 * 4) await server.close();
        yield bytes.subarray(at, at + 65_536);
      }
    };
    await assert.rejects(repository.push(descriptor, source), (error: ProvError) => {
      assert.equal(error.exitCode, EXIT.network);
      assert.match(error.code, /^OCI_REMOTE_(?:UNREACHABLE|INTERRUPTED)$/);
      assert.ok(error.message.includes(server.host));
      assert.ok(error.retryable);
      return true;
    });
  }
});

test('a registry that is not there fails soon', async (t) => {
  const { server, repository } = await fixture(t, {}, { retry: { attempts: 5, baseDelayMs: 5 } });
  await server.close();
  const events: number[] = [];
  const registry = clientOf(t, server.host, { onRequest: ({ status }) => events.push(status) });
  await assert.rejects(registry.ping(), { code: 'OCI_REMOTE_UNREACHABLE', exitCode: EXIT.network });
  assert.deepEqual(events, [0, 0]);
  await assert.rejects(repository.list(), { code: 'OCI_REMOTE_UNREACHABLE' });
});

test('silence ends in a timeout', async (t) => {
  const { repository, server } = await fixture(
    t,
    {},
    { timeouts: { answerMs: 50 }, retry: { attempts: 2, baseDelayMs: 1 } },
  );
  server.fault({ times: 2, does: { hang: true } });
  await assert.rejects(repository.list(), { code: 'OCI_REMOTE_TIMEOUT', exitCode: EXIT.network });
  assert.equal(server.seen.length, 2);
});

test('a connection that the server closed while it was idle is replaced without a word', async (t) => {
  const { repository, server } = await fixture(t, {}, { retry: { attempts: 1 } });
  await repository.list();
  server.fault({
    does: {
      change: () => {
        throw new Error('cut');
      },
    },
  });
  await repository.list();
  assert.equal(server.seen.length, 3);
});

test('settings that make no sense are refused', () => {
  for (const options of [
    { registry: 'https://reg.example' },
    { registry: 'a b' },
    { registry: 'reg.example/ns' },
  ]) {
    assert.throws(() => createRemoteRegistry(options), {
      code: 'OCI_REMOTE_CONFIG_INVALID',
      exitCode: EXIT.configuration,
    });
  }
  assert.throws(() => createRemoteRegistry({ registry: 'reg.example', concurrency: 0 }), {
    code: 'OCI_REMOTE_CONFIG_INVALID',
  });
});

test('an abort ends a wait at once, with the reason that was given', async (t) => {
  const { repository, server } = await fixture(t);
  server.fault({ does: { answer: { status: 429, headers: { 'retry-after': '60' } } } });
  const reason = new Error('stop');
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 50);
  await assert.rejects(repository.list({ signal: controller.signal }), (error) => error === reason);
});
