import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, EXIT, isProvError, ProvError } from '#base';
import { MEDIA } from '#schemas';
import { blobOf, emptyConfig, fixture, manifestOf, randomBlob, readAll, sourceOf } from './test-support.js';

test('a blob that was pushed comes back byte for byte', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(300_000);
  await repository.push(descriptor, sourceOf(bytes));
  assert.equal(await repository.exists(descriptor), true);
  assert.equal(await repository.headBlob(descriptor.digest), bytes.length);
  assert.deepEqual(await readAll(await repository.fetch(descriptor)), bytes);
  assert.deepEqual(
    server.seen.slice(0, 3).map(({ method }) => method),
    ['HEAD', 'POST', 'PUT'],
  );
});

test('a blob that is there is not sent again', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(1000);
  server.model.putBlob('ns/app', bytes);
  await repository.push(descriptor, sourceOf(bytes));
  assert.equal(server.count('POST'), 0);
});

test('an empty blob can be pushed and pulled', async (t) => {
  const { repository } = await fixture(t);
  const empty = new Uint8Array(0);
  await repository.push(blobOf(empty), sourceOf(empty));
  assert.equal((await readAll(await repository.fetch(blobOf(empty)))).length, 0);
});

test('sha512 blobs are announced with their algorithm', async (t) => {
  const { repository, server } = await fixture(t);
  const bytes = Buffer.from('sha512 content');
  const descriptor = blobOf(bytes, 'sha512');
  await repository.push(descriptor, sourceOf(bytes));
  assert.deepEqual(await readAll(await repository.fetch(descriptor)), bytes);
  assert.equal(server.count('POST', /digest-algorithm=sha512/), 1);
});

test('two pushes of one blob at once are one upload', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(1000);
  await Promise.all([
    repository.push(descriptor, sourceOf(bytes)),
    repository.push(descriptor, sourceOf(bytes)),
  ]);
  assert.equal(server.count('POST'), 1);
});

test('who leaves an upload does not end it for those who push the same blob', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(1000);
  const first = new AbortController();
  async function* never() {
    yield bytes.subarray(0, 10);
    first.abort(new Error('the first one left'));
    yield bytes.subarray(10, 20);
    await new Promise(() => {});
  }
  const leaving = repository.push(descriptor, never, { signal: first.signal });
  const staying = repository.push(descriptor, sourceOf(bytes));
  await assert.rejects(leaving, /the first one left/);
  await staying;
  assert.deepEqual(server.model.repository('ns/app').blobs.get(descriptor.digest), bytes);
});

test('a blob above 16 MiB goes in chunks of 8 MiB', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(20 * 1024 * 1024);
  await repository.push(descriptor, sourceOf(bytes));
  assert.deepEqual(
    server.seen.filter(({ method }) => method === 'PATCH').map(({ received }) => received),
    [8, 8, 4].map((mib) => mib * 1024 * 1024),
  );
  assert.deepEqual(await readAll(await repository.fetch(descriptor)), bytes);
});

test('a manifest keeps its exact bytes and type, and its tag', async (t) => {
  const { repository, server } = await fixture(t);
  await repository.push(blobOf(emptyConfig), sourceOf(emptyConfig));
  const { bytes, descriptor } = manifestOf({ note: 'ü' });
  assert.deepEqual(await repository.pushManifest(bytes, MEDIA.ociManifest, { tags: ['1.0.0'] }), descriptor);
  assert.deepEqual(await repository.resolve('1.0.0'), descriptor);
  const fetched = await repository.fetchManifest('1.0.0');
  assert.deepEqual(fetched.descriptor, descriptor);
  assert.deepEqual(Buffer.from(fetched.bytes), bytes);
  assert.deepEqual(await readAll(await repository.fetch(descriptor)), bytes);
  assert.equal(
    server.seen.find(({ method }) => method === 'PUT')?.headers['content-type'],
    MEDIA.octetStream,
  );
  assert.deepEqual(await repository.list(), ['1.0.0']);
});

test('what is missing has a name of its own', async (t) => {
  const { repository } = await fixture(t);
  const { descriptor } = randomBlob(10);
  assert.equal(await repository.exists(descriptor), false);
  assert.equal(await repository.headBlob(descriptor.digest), undefined);
  await assert.rejects(repository.fetch(descriptor), {
    code: 'OCI_CONTENT_MISSING',
    exitCode: EXIT.notFound,
  });
  await assert.rejects(repository.resolve('1.2.3'), {
    code: 'OCI_REFERENCE_NOT_FOUND',
    exitCode: EXIT.notFound,
  });
  await assert.rejects(repository.fetchManifest('1.2.3'), { code: 'OCI_REFERENCE_NOT_FOUND' });
  await assert.rejects(repository.fetch(manifestOf().descriptor), { code: 'OCI_CONTENT_MISSING' });
  assert.deepEqual(await repository.list(), []);
});

test('a source that is shorter or longer than promised is refused and not retried', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(1000);
  for (const wrong of [bytes.subarray(1), Buffer.concat([bytes, bytes])]) {
    await assert.rejects(repository.push(descriptor, sourceOf(wrong)), { code: 'OCI_SIZE_MISMATCH' });
  }
  assert.equal(server.count('POST'), 2);
  assert.equal(server.model.repository('ns/app').blobs.size, 0);
});

test('a source with other bytes is refused by digest', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(1000);
  const other = Buffer.from(bytes);
  other[500]! ^= 1;
  await assert.rejects(repository.push(descriptor, sourceOf(other)), { code: 'OCI_DIGEST_MISMATCH' });
  assert.equal(server.model.repository('ns/app').blobs.size, 0);
  const { descriptor: expected } = manifestOf();
  const { bytes: forged } = manifestOf({ note: 'x' });
  await assert.rejects(repository.push({ ...expected, size: forged.length }, sourceOf(forged)), {
    code: 'OCI_DIGEST_MISMATCH',
  });
});

test('an error of the source comes through as it is', async (t) => {
  const { repository, server } = await fixture(t);
  const { descriptor } = randomBlob(100_000);
  const broken = new ProvError('OCI_REMOTE_INTERRUPTED', {
    host: 'elsewhere',
    method: 'GET',
    path: '/x',
    reason: 'reset',
  });
  const source = async function* fails() {
    yield new Uint8Array(10);
    throw broken;
  };
  await assert.rejects(repository.push(descriptor, source), (error) => error === broken);
  assert.equal(server.count('PUT'), 0);
});

test('content inside a descriptor needs no request, but only when it is right', async (t) => {
  const { repository, server } = await fixture(t);
  const bytes = Buffer.from('inline');
  const descriptor = { ...blobOf(bytes), data: bytes.toString('base64') };
  assert.deepEqual(await readAll(await repository.fetch(descriptor)), bytes);
  assert.equal(server.seen.length, 0);
  await assert.rejects(repository.fetch({ ...descriptor, digest: digestOf('other') }), {
    code: 'OCI_CONTENT_MISSING',
  });
});

test('names, tags and digests that are none never reach the wire', async (t) => {
  const { registry, repository, server } = await fixture(t);
  for (const name of ['UPPER/case', 'a//b', '../etc', 'a b', '', 'x'.repeat(300)]) {
    assert.throws(() => registry.repository(name), { code: 'SCHEMAS_NAME_INVALID' });
  }
  for (const tag of ['a b', '-x', 'x'.repeat(129), '../../blobs', 'a?b']) {
    await assert.rejects(repository.resolve(tag), { code: 'SCHEMAS_REFERENCE_INVALID' });
  }
  assert.equal(server.seen.length, 0);
});

test('a mount moves no bytes', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(1000);
  server.model.putBlob('other/lib', bytes);
  assert.equal(await repository.mount(descriptor, 'other/lib'), true);
  assert.equal(await repository.exists(descriptor), true);
  assert.equal(
    server.seen[0]?.url,
    `/v2/ns/app/blobs/uploads/?mount=${encodeURIComponent(descriptor.digest)}&from=other%2Flib`,
  );
});

test('a mount that becomes an upload session is cancelled', async (t) => {
  const { repository, server } = await fixture(t, { mount: 'session' });
  const { bytes, descriptor } = randomBlob(1000);
  server.model.putBlob('other/lib', bytes);
  assert.equal(await repository.mount(descriptor, 'other/lib'), false);
  assert.equal(server.count('DELETE', /uploads/), 1);
  assert.equal(server.model.uploads.size, 0);
});

test('a mount that is not allowed is no error', async (t) => {
  const { repository, server } = await fixture(t, { mount: 'denied' });
  const { bytes, descriptor } = randomBlob(1000);
  server.model.putBlob('other/lib', bytes);
  assert.equal(await repository.mount(descriptor, 'other/lib'), false);
});

test('deleting is idempotent, and a registry that forbids it is named', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = manifestOf();
  server.model.putManifest('ns/app', { type: MEDIA.ociManifest, bytes, tag: 'latest' });
  assert.equal(await repository.deleteTag('latest'), true);
  assert.equal(await repository.deleteTag('latest'), false);
  assert.equal(await repository.deleteManifest(descriptor.digest), true);
  assert.equal(await repository.deleteManifest(descriptor.digest), false);
  server.behaviour.deletes = false;
  server.model.putManifest('ns/app', { type: MEDIA.ociManifest, bytes, tag: 'latest' });
  await assert.rejects(repository.deleteTag('latest'), {
    code: 'OCI_REMOTE_DELETE_DISABLED',
    exitCode: EXIT.permission,
  });
});

test('an aborted call ends with the reason of its signal', async (t) => {
  const { repository, server } = await fixture(t);
  server.fault({ does: { hang: true } });
  const reason = new Error('stop');
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 20);
  await assert.rejects(
    repository.resolve('latest', { signal: controller.signal }),
    (error) => error === reason,
  );
  assert.ok(!isProvError(reason));
});

test('requests are counted without query or header', async (t) => {
  const events: string[] = [];
  const { repository } = await fixture(
    t,
    {},
    { onRequest: ({ method, path, status }) => events.push(`${method} ${path} ${status}`) },
  );
  await repository.list();
  assert.deepEqual(events, ['GET /v2/ns/app/tags/list 200']);
});
