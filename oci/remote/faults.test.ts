import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT, type ProvError } from '#base';
import { MEDIA } from '#schemas';
import { seeded } from '../../test/fault-registry/index.js';
import { createRemoteRegistry } from './remote-registry.js';
import {
  blobOf,
  clientOf,
  emptyConfig,
  fixture,
  manifestOf,
  randomBlob,
  readAll,
  sourceOf,
} from './test-support.js';

const MIB = 1024 * 1024;
const BIG = 20 * MIB;

test('a download cut three times goes on by range and is right in the end', async (t) => {
  const seed = Date.now() % 100_000;
  t.diagnostic(`seed ${seed}`);
  const random = seeded(seed);
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(2 * MIB);
  server.model.putBlob('ns/app', bytes);
  for (let cut = 0; cut < 3; cut += 1)
    server.fault({ does: { cutAnswerAfter: 1 + Math.floor(random() * 600_000) } });
  assert.deepEqual(await readAll(await repository.fetch(descriptor)), bytes);
  assert.equal(server.seen.length, 4);
  assert.ok(server.seen.slice(1).every(({ headers }) => /^bytes=\d+-$/.test(headers.range ?? '')));
});

test('a registry that ignores ranges is read again from the start', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(MIB);
  server.model.putBlob('ns/app', bytes);
  server.fault({ does: { cutAnswerAfter: 300_000 } });
  server.fault({ does: { answer: { status: 200, body: bytes } } });
  assert.deepEqual(await readAll(await repository.fetch(descriptor)), bytes);
});

test('a range other than the one asked for is refused', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(MIB);
  server.model.putBlob('ns/app', bytes);
  server.fault({ does: { cutAnswerAfter: 300_000 } });
  server.fault({
    times: 9,
    does: {
      change: (planned) => Object.assign(planned.headers, { 'content-range': `bytes 0-9/${bytes.length}` }),
    },
  });
  await assert.rejects(readAll(await repository.fetch(descriptor)), { code: 'OCI_REMOTE_ANSWER_INVALID' });
});

test('a download that stops silently is taken up again', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(MIB);
  server.model.putBlob('ns/app', bytes);
  server.fault({ does: { stallAfter: 100_000 } });
  assert.deepEqual(await readAll(await repository.fetch(descriptor)), bytes);
  assert.equal(server.seen.length, 2);
});

test('a slow reader is no stall', async (t) => {
  const { repository, server } = await fixture(t, {}, { timeouts: { stallMs: 60 } });
  const { bytes, descriptor } = randomBlob(MIB);
  server.model.putBlob('ns/app', bytes);
  let read = 0;
  for await (const chunk of await repository.fetch(descriptor)) {
    if (read === 0) await new Promise((resolve) => setTimeout(resolve, 200));
    read += chunk.byteLength;
  }
  assert.equal(read, bytes.length);
  assert.equal(server.seen.length, 1);
});

test('a corrupt blob is refused before its end is given out', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(MIB);
  const other = Buffer.from(bytes);
  other[12_345]! ^= 1;
  server.model.repository('ns/app').blobs.set(descriptor.digest, other);
  let read = 0;
  const reading = (async () => {
    for await (const chunk of await repository.fetch(descriptor)) read += chunk.byteLength;
  })();
  await assert.rejects(reading, { code: 'OCI_DIGEST_MISMATCH', exitCode: EXIT.refused });
  assert.ok(read < bytes.length);
});

test('a blob that is too long or too short is refused', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(10_000);
  for (const wrong of [Buffer.concat([bytes, bytes]), bytes.subarray(1)]) {
    server.model.repository('ns/app').blobs.set(descriptor.digest, wrong);
    await assert.rejects(repository.fetch(descriptor), { code: 'OCI_SIZE_MISMATCH' });
    server.fault({
      does: { change: (planned) => Object.assign(planned.headers, { 'transfer-encoding': 'chunked' }) },
    });
    await assert.rejects(readAll(await repository.fetch(descriptor)), { code: 'OCI_SIZE_MISMATCH' });
  }
});

test('bytes recoded on the way are noticed, a mere label is not minded', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(10_000);
  server.model.putBlob('ns/app', bytes);
  const label = {
    change: (planned: { headers: object }) => Object.assign(planned.headers, { 'content-encoding': 'gzip' }),
  };
  server.fault({ does: label });
  assert.deepEqual(await readAll(await repository.fetch(descriptor)), bytes);
  server.fault({
    does: { answer: { status: 200, headers: { 'content-encoding': 'gzip' }, body: Buffer.from('zzz') } },
  });
  await assert.rejects(repository.fetch(descriptor), {
    code: 'OCI_REMOTE_ANSWER_INVALID',
    message: /Content-Encoding: gzip/,
  });
  assert.ok(server.seen.every(({ headers }) => headers['accept-encoding'] === 'identity'));
});

test('an upload survives 503, 429 and a cut, each from a new session', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(MIB);
  server.fault({ method: 'PUT', does: { answer: { status: 503 } } });
  server.fault({ method: 'PUT', does: { answer: { status: 429 } } });
  server.fault({ method: 'PUT', does: { cutRequestAfter: 200_000 } });
  await repository.push(descriptor, sourceOf(bytes));
  assert.equal(server.count('POST'), 4);
  assert.deepEqual(server.model.repository('ns/app').blobs.get(descriptor.digest), bytes);
});

test('an upload whose last answer is lost is found to be there', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(1000);
  server.fault({
    method: 'PUT',
    does: {
      change: (_planned, seen) => {
        throw new Error(`cut ${seen.url}`);
      },
    },
  });
  await repository.push(descriptor, sourceOf(bytes));
  assert.equal(server.count('PUT'), 1);
});

test('a chunked upload cut in the middle sends only what is missing', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(BIG);
  server.fault({ method: 'PATCH', after: 1, does: { cutRequestAfter: 3 * MIB } });
  server.fault({ method: 'PATCH', after: 1, does: { answer: { status: 502 } } });
  await repository.push(descriptor, sourceOf(bytes));
  assert.deepEqual(server.model.repository('ns/app').blobs.get(descriptor.digest), bytes);
  const sent = server.seen
    .filter(({ method }) => method === 'PATCH')
    .reduce((sum, { received }) => sum + received, 0);
  assert.ok(sent - bytes.length <= 8 * MIB, `${sent - bytes.length} bytes were sent twice`);
  assert.equal(server.count('POST'), 1);
});

test('a session that the registry forgot is begun again', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(BIG);
  server.fault({ method: 'PATCH', after: 1, does: { change: () => server.model.uploads.clear() } });
  await repository.push(descriptor, sourceOf(bytes));
  assert.deepEqual(server.model.repository('ns/app').blobs.get(descriptor.digest), bytes);
  assert.equal(server.count('POST'), 2);
});

test('416 leads to the offset that the registry has', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(BIG);
  server.fault({
    method: 'PATCH',
    does: {
      change: () => {
        for (const upload of server.model.uploads.values()) upload.bytes = upload.bytes.subarray(0, MIB);
      },
    },
  });
  await repository.push(descriptor, sourceOf(bytes));
  assert.deepEqual(server.model.repository('ns/app').blobs.get(descriptor.digest), bytes);
  assert.ok(server.seen.some(({ status }) => status === 416));
});

test('a Range that sticks at the first chunk does not stop an upload', async (t) => {
  const { repository, server } = await fixture(t, { stickyRange: true });
  const { bytes, descriptor } = randomBlob(40 * MIB);
  await repository.push(descriptor, sourceOf(bytes));
  assert.equal(server.count('PATCH'), 5);
  assert.ok(server.model.repository('ns/app').blobs.has(descriptor.digest));
});

test('a registry without PATCH gets the blob whole', async (t) => {
  const { repository, server } = await fixture(t, { noPatch: true });
  const { bytes, descriptor } = randomBlob(BIG);
  await repository.push(descriptor, sourceOf(bytes));
  assert.ok(server.model.repository('ns/app').blobs.has(descriptor.digest));
  assert.equal(server.seen.at(-1)?.received, BIG);
});

test('the smallest chunk a registry takes is respected', async (t) => {
  const { repository, server } = await fixture(t, { minimumChunk: 12 * MIB });
  const { bytes, descriptor } = randomBlob(BIG);
  await repository.push(descriptor, sourceOf(bytes));
  assert.equal(server.seen.find(({ method }) => method === 'PATCH')?.received, 12 * MIB);
});

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

test('Retry-After is obeyed in seconds and as a date, by every request to the host', async (t) => {
  const { repository, server } = await fixture(t);
  for (const value of ['1', new Date(Math.ceil(Date.now() / 1000) * 1000 + 1000).toUTCString()]) {
    const waited = value === '1' ? 990 : 200;
    server.fault({ does: { answer: { status: 429, headers: { 'retry-after': value } } } });
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

test('the end of an upload may take longer than other answers', async (t) => {
  const { repository, server } = await fixture(
    t,
    {},
    { timeouts: { answerMs: 60, commitMs: 200 }, retry: { attempts: 1 } },
  );
  const { bytes, descriptor } = randomBlob(1000);
  server.fault({ method: 'PUT', does: { hang: true } });
  await assert.rejects(repository.push(descriptor, sourceOf(bytes)), {
    code: 'OCI_REMOTE_TIMEOUT',
    message: /0\.2 s/,
  });
  server.fault({ method: 'HEAD', does: { hang: true } });
  await assert.rejects(repository.push(descriptor, sourceOf(bytes)), {
    code: 'OCI_REMOTE_TIMEOUT',
    message: /0\.1 s/,
  });
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

test('a tag that points there already is not written again', async (t) => {
  const { repository, server } = await fixture(t);
  await repository.push(blobOf(emptyConfig), sourceOf(emptyConfig));
  const { bytes, descriptor } = manifestOf();
  await repository.pushManifest(bytes, MEDIA.ociManifest, { tags: ['1.0.0', 'latest'] });
  const before = server.count('PUT');
  await repository.pushManifest(bytes, MEDIA.ociManifest, { tags: ['1.0.0', 'latest'] });
  await repository.push(descriptor, sourceOf(bytes));
  await repository.tag(descriptor, 'latest');
  assert.equal(server.count('PUT'), before);
});

test('a version tag is never moved, whether the registry knows conditions or not', async (t) => {
  for (const conditional of [true, false]) {
    const { repository, server } = await fixture(t, { conditional });
    await repository.push(blobOf(emptyConfig), sourceOf(emptyConfig));
    const one = manifestOf({ note: 'one' });
    const two = manifestOf({ note: 'two' });
    await repository.pushManifest(one.bytes, MEDIA.ociManifest, { tags: ['1.0.0'] });
    const conflict = { code: 'OCI_TAG_CONFLICT', exitCode: EXIT.conflict };
    await assert.rejects(
      repository.pushManifest(two.bytes, MEDIA.ociManifest, { tags: ['1.0.0'] }),
      conflict,
    );
    await repository.push(two.descriptor, sourceOf(two.bytes));
    await assert.rejects(repository.tag(two.descriptor, '1.0.0'), conflict);
    assert.equal((await repository.resolve('1.0.0')).digest, one.descriptor.digest);
    // Somebody else is faster, between our look and our PUT.
    server.fault({
      method: 'HEAD',
      does: {
        change: () =>
          server.model.putManifest('ns/app', { type: MEDIA.ociManifest, bytes: one.bytes, tag: '2.0.0' }),
      },
    });
    if (conditional) await assert.rejects(repository.tag(two.descriptor, '2.0.0'), conflict);
    await repository.tag(two.descriptor, 'latest');
    await repository.tag(one.descriptor, 'latest');
    await repository.tag(two.descriptor, '1.0.0', { ifNoneMatch: false });
    assert.equal((await repository.resolve('1.0.0')).digest, two.descriptor.digest);
  }
});

test('a manifest with wrong bytes or a wrong digest header is refused', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = manifestOf();
  const other = manifestOf({ note: 'other' });
  server.model.putManifest('ns/app', { type: MEDIA.ociManifest, bytes, tag: 'latest' });
  const swap = { change: (planned: { body: Buffer }) => Object.assign(planned, { body: other.bytes }) };
  server.fault({ does: swap });
  await assert.rejects(repository.fetchManifest(descriptor.digest), { code: 'OCI_DIGEST_MISMATCH' });
  server.fault({ does: swap });
  await assert.rejects(repository.fetchManifest('latest'), { code: 'OCI_DIGEST_MISMATCH' });
  const lie = {
    change: (planned: { headers: object }) =>
      Object.assign(planned.headers, { 'docker-content-digest': other.descriptor.digest }),
  };
  server.fault({ method: 'HEAD', does: lie });
  await assert.rejects(repository.resolve(descriptor.digest), { code: 'OCI_DIGEST_MISMATCH' });
});

test('a HEAD that says too little is completed by GET', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = manifestOf();
  server.model.putManifest('ns/app', { type: MEDIA.ociManifest, bytes, tag: 'latest' });
  for (const header of ['docker-content-digest', 'content-type']) {
    server.fault({ method: 'HEAD', does: { change: (planned) => delete planned.headers[header] } });
    assert.deepEqual(await repository.resolve('latest'), descriptor);
  }
  server.fault({ method: 'HEAD', does: { answer: { status: 405 } } });
  assert.deepEqual(await repository.resolve('latest'), descriptor);
});

test('a manifest without end is refused before it is kept', async (t) => {
  const { repository, server } = await fixture(t);
  server.fault({
    times: 9,
    does: {
      answer: {
        status: 200,
        headers: { 'content-type': MEDIA.ociManifest },
        body: Buffer.alloc(9 * MIB, ' '),
      },
    },
  });
  await assert.rejects(repository.fetchManifest('latest'), { code: 'BASE_LIMIT_EXCEEDED' });
});

test('a manifest whose blobs are missing is refused by name', async (t) => {
  const { repository } = await fixture(t);
  const { bytes } = manifestOf();
  await assert.rejects(repository.pushManifest(bytes, MEDIA.ociManifest), {
    code: 'OCI_REMOTE_BLOB_UNKNOWN',
  });
});

test('tags are listed over all pages, however the Link is written', async (t) => {
  const { repository, server, registry } = await fixture(t, { pageSize: 3 });
  const { bytes } = manifestOf();
  const tags = Array.from({ length: 10 }, (_, index) => `1.0.${index}`);
  for (const tag of [...tags, `sha256-${'a'.repeat(64)}`, `sha256-${'a'.repeat(64)}.sig`]) {
    server.model.putManifest('ns/app', { type: MEDIA.ociManifest, bytes, tag });
  }
  server.fault({
    does: {
      change: ({ headers }) => {
        headers['link'] = String(headers['link'])
          .replace('</v2', `<${server.origin}/v2`)
          .replace('rel="next"', 'foo=bar; REL=next');
      },
    },
  });
  assert.deepEqual(await repository.list(), [...tags, `sha256-${'a'.repeat(64)}.sig`]);
  assert.deepEqual(await registry.catalog(), ['ns/app']);
});

test('pages that lead elsewhere, round in circles or are no list are refused', async (t) => {
  const { repository, server } = await fixture(t);
  const page = (link: string, body = '{"tags":["a"]}') =>
    server.fault({
      times: 3,
      does: { answer: { status: 200, headers: link === '' ? {} : { link }, body: Buffer.from(body) } },
    });
  for (const link of [
    '<http://elsewhere.example/v2/x>; rel="next"',
    '</v2/ns/app/tags/list?last=a>; rel=next',
  ]) {
    page(link);
    await assert.rejects(repository.list(), { code: 'OCI_REMOTE_ANSWER_INVALID' });
    server.clearFaults();
  }
  for (const body of ['[]x', '{"tags":[1]}', '{"tags":"a"}']) {
    page('', body);
    await assert.rejects(repository.list(), { code: 'OCI_REMOTE_ANSWER_INVALID' });
    server.clearFaults();
  }
});
