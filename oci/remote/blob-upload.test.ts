import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture, randomBlob, sourceOf } from './test-support.js';

const MIB = 1024 * 1024;
const BIG = 20 * MIB;

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

test('the end of an upload may take longer than other answers', async (t) => {
  const { repository, server } = await fixture(
    t,
    {},
    { timeouts: { answerMs: 100, commitMs: 200 }, retry: { attempts: 1 } },
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
