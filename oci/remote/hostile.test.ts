import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { EXIT } from '#base';
import { MEDIA } from '#schemas';
import { MAX_BREAKS } from './blob-download.js';
import { blobOf, fixture, manifestOf, randomBlob, readAll } from './test-support.js';

const MIB = 1024 * 1024;
const quick = {
  timeouts: { connectMs: 1000, answerMs: 300, commitMs: 1000, stallMs: 300 },
  retry: { attempts: 4, baseDelayMs: 1, maxDelayMs: 5 },
};

/** Runs what a hostile registry makes expensive and says what it cost. */
async function costOf(action: () => Promise<unknown>): Promise<{ ms: number; bytes: number }> {
  const before = process.memoryUsage();
  const started = performance.now();
  await action();
  const { rss } = process.memoryUsage();
  return { ms: performance.now() - started, bytes: rss - before.rss };
}

test('a registry that takes requests and never answers is given up after two time limits', async (t) => {
  const { repository, server } = await fixture(t, {}, quick);
  server.fault({ times: 99, does: { hang: true } });
  const { ms } = await costOf(() =>
    assert.rejects(repository.list(), { code: 'OCI_REMOTE_TIMEOUT', exitCode: EXIT.network }),
  );
  assert.equal(server.seen.length, 2);
  assert.ok(ms < 2000, `${ms} ms`);
});

test('an upload that is never answered is given up after two time limits', async (t) => {
  const { repository, server } = await fixture(t, {}, quick);
  const { bytes, descriptor } = randomBlob(1000);
  server.fault({ method: 'PUT', times: 99, does: { hang: true } });
  await assert.rejects(
    repository.push(descriptor, async function* one() {
      yield bytes;
    }),
    { code: 'OCI_REMOTE_TIMEOUT' },
  );
  assert.equal(server.count('PUT'), 2);
});

test('a download that always stops is given up after two silences', async (t) => {
  const { repository, server } = await fixture(t, {}, quick);
  const { bytes, descriptor } = randomBlob(MIB);
  server.model.putBlob('ns/app', bytes);
  server.fault({ times: 99, does: { stallAfter: 10 } });
  await assert.rejects(readAll(await repository.fetch(descriptor)), { code: 'OCI_REMOTE_TIMEOUT' });
  assert.equal(server.seen.length, 2);
});

test('a registry that drips byte by byte is too slow, for lists and for blobs', async (t) => {
  // Long enough that a busy machine does not take a drip for silence.
  const patient = { ...quick, timeouts: { ...quick.timeouts, stallMs: 900 } };
  const { repository, server } = await fixture(t, {}, patient);
  const { bytes, descriptor } = randomBlob(MIB);
  server.model.putBlob('ns/app', bytes);
  server.model.putManifest('ns/app', {
    type: MEDIA.ociManifest,
    bytes: manifestOf({ note: 'x'.repeat(4000) }).bytes,
    tag: '1.0.0',
  });
  server.fault({ times: 99, does: { dripEveryMs: 50 } });
  const tooSlow = { code: 'OCI_REMOTE_TOO_SLOW', exitCode: EXIT.network, message: /sent only \d+ bytes/ };
  await assert.rejects(repository.fetchManifest('1.0.0'), tooSlow);
  await assert.rejects(readAll(await repository.fetch(descriptor)), tooSlow);
  assert.ok(server.seen.length <= 4, `${server.seen.length} requests`);
});

test('a registry that cuts after each byte is given up', async (t) => {
  const { repository, server } = await fixture(t, {}, quick);
  const { bytes, descriptor } = randomBlob(300_000);
  server.model.putBlob('ns/app', bytes);
  server.fault({ times: 9999, does: { cutAnswerAfter: 1 } });
  await assert.rejects(readAll(await repository.fetch(descriptor)), { code: 'OCI_REMOTE_INTERRUPTED' });
  assert.ok(server.seen.length <= MAX_BREAKS + 1, `${server.seen.length} requests`);
});

test('headers without end are refused in little memory', async (t) => {
  const { repository, server } = await fixture(t, {}, quick);
  let sent = 0;
  server.fault({
    times: 9,
    does: {
      raw: function* endless() {
        yield 'HTTP/1.1 200 OK\r\n';
        for (; sent < 100 * MIB; sent += 4096) yield `x-${sent}: ${'y'.repeat(4000)}\r\n`;
      },
    },
  });
  await assert.rejects(repository.list(), { code: 'OCI_REMOTE_ANSWER_INVALID', message: /headers/ });
  assert.equal(server.seen.length, 1);
  assert.ok(sent < 50 * MIB, `${sent} bytes`);
});

test('headers that drip are an answer that does not come', async (t) => {
  const { repository, server } = await fixture(t, {}, quick);
  server.fault({ times: 9, does: { raw: () => ['HTTP/1.1 200 OK\r\nx: y'] } });
  await assert.rejects(repository.list(), { code: 'OCI_REMOTE_TIMEOUT' });
});

test('what is no HTTP is a broken connection', async (t) => {
  const { repository, server } = await fixture(t, {}, quick);
  server.fault({ times: 9, does: { raw: () => ['SSH-2.0-OpenSSH_9.2p1\r\n'] } });
  await assert.rejects(repository.list(), { code: 'OCI_REMOTE_INTERRUPTED', exitCode: EXIT.network });
});

for (const [what, ask] of Object.entries({
  manifest: (r) => r.fetchManifest('1.0.0'),
  list: (r) => r.list(),
}) as [string, (r: Awaited<ReturnType<typeof fixture>>['repository']) => Promise<unknown>][]) {
  test(`a gzip bomb instead of a ${what} is not unpacked`, async (t) => {
    const { repository, server } = await fixture(t, {}, quick);
    const body = gzipSync(Buffer.alloc(100 * MIB), { level: 1 });
    const headers = { 'content-encoding': 'gzip', 'content-type': MEDIA.ociManifest };
    server.fault({ times: 9, does: { answer: { status: 200, headers, body } } });
    const { bytes } = await costOf(() =>
      assert.rejects(ask(repository), {
        code: 'OCI_REMOTE_ANSWER_INVALID',
        message: /Content-Encoding: gzip/,
      }),
    );
    assert.ok(bytes < 48 * MIB, `${bytes} bytes`);
  });
}

test('a body without end is cut at the limit: a manifest, a list, an error', async (t) => {
  const { repository, server } = await fixture(t, {}, quick);
  const headers = { 'content-type': MEDIA.ociManifest, 'transfer-encoding': 'chunked' };
  let sent = 0;
  const endless = (status: number) =>
    server.fault({
      times: 99,
      does: {
        raw: function* body() {
          yield `HTTP/1.1 ${status} X\r\ntransfer-encoding: chunked\r\ncontent-type: ${headers['content-type']}\r\n\r\n`;
          for (; sent < 512 * MIB; sent += 65_536) yield `10000\r\n${' '.repeat(65_536)}\r\n`;
        },
      },
    });
  for (const [status, ask, code] of [
    [200, () => repository.fetchManifest('1.0.0'), 'BASE_LIMIT_EXCEEDED'],
    [200, () => repository.list(), 'BASE_LIMIT_EXCEEDED'],
    [400, () => repository.list(), 'OCI_REMOTE_REFUSED'],
  ] as const) {
    sent = 0;
    endless(status);
    await assert.rejects(ask, { code });
    server.clearFaults();
    assert.ok(sent < 128 * MIB, `${sent} bytes were sent`);
  }
});

test('a blob without end stops at the byte after its size', async (t) => {
  const { repository, server } = await fixture(t, {}, quick);
  const { descriptor } = randomBlob(MIB);
  let sent = 0;
  server.fault({
    times: 99,
    does: {
      raw: function* body() {
        yield 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
        for (; sent < 512 * MIB; sent += 65_536) yield `10000\r\n${' '.repeat(65_536)}\r\n`;
      },
    },
  });
  await assert.rejects(readAll(await repository.fetch(descriptor)), { code: 'OCI_SIZE_MISMATCH' });
  assert.ok(sent < 64 * MIB, `${sent} bytes were sent`);
});

test('lists whose pages bring nothing new end', async (t) => {
  const { repository, server } = await fixture(t, {}, quick);
  let page = 0;
  const answer = (body: string) => () => {
    page += 1;
    return {
      status: 200,
      headers: { link: `</v2/ns/app/tags/list?page=${page}>; rel="next"` },
      body: Buffer.from(body),
    };
  };
  for (const body of ['{"tags":["same"]}', '{"tags":null}', '{"tags":[]}']) {
    page = 0;
    server.fault({ times: 5000, does: { answer: answer(body) } });
    await assert.rejects(repository.list(), { code: 'OCI_REMOTE_ANSWER_INVALID', message: /nothing new/ });
    assert.ok(page < 20, `${page} pages`);
    server.clearFaults();
  }
});

test('lists whose pages never end are cut at the limit', async (t: TestContext) => {
  const { repository, server } = await fixture(t, {}, quick);
  let page = 0;
  const answer = () => {
    page += 1;
    const headers = { link: `</v2/ns/app/tags/list?page=${page}>; rel="next"` };
    return { status: 200, headers, body: Buffer.from(`{"tags":["t${page}"]}`) };
  };
  server.fault({ times: 5000, does: { answer } });
  await assert.rejects(repository.list(), {
    code: 'OCI_REMOTE_ANSWER_INVALID',
    message: /more than 1000 pages/,
  });
  // A page that a busy machine answers late is asked for again.
  assert.ok(page >= 1001 && page < 1050, `${page} pages`);
});

test('a token without end or without sense is an answer that cannot be right', async (t) => {
  const { repository, server } = await fixture(t, { auth: { type: 'bearer', users: [] } }, quick);
  const answers = ['[]', 'no', '{"token":""}', '{"token":"a b"}', '{"token":"\\u0000"}'];
  for (const body of answers) {
    server.fault({ path: /^\/token/, does: { answer: { status: 200, body: Buffer.from(body) } } });
    await assert.rejects(repository.list(), { code: 'OCI_REMOTE_ANSWER_INVALID', message: /token/ });
  }
  const huge = Buffer.from(`{"token":"${'x'.repeat(MIB)}"}`);
  server.fault({ path: /^\/token/, does: { answer: { status: 200, body: huge } } });
  await assert.rejects(repository.list(), { code: 'BASE_LIMIT_EXCEEDED' });
});

test('a size that is a lie is refused before the first byte', async (t) => {
  const { repository, server } = await fixture(t, {}, quick);
  const { bytes } = randomBlob(1000);
  server.model.putBlob('ns/app', bytes);
  await assert.rejects(repository.fetch({ ...blobOf(bytes), size: 999 }), { code: 'OCI_SIZE_MISMATCH' });
  await assert.rejects(repository.exists({ ...blobOf(bytes), size: 999 }), { code: 'OCI_SIZE_MISMATCH' });
});
