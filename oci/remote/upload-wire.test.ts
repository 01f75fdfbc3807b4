import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MEDIA } from '#schemas';
import { copyGraph } from '../copy-graph.js';
import { collect } from '../fetch-bytes.js';
import { createMemoryStore } from '../store/memory-store.js';
import { ChunkReader } from './chunk-reader.js';
import { blobOf, emptyConfig, fixture, manifestOf, randomBlob, sourceOf } from './test-support.js';

const MIB = 1024 * 1024;
const BIG = 20 * MIB;

test('a registry that has the blob elsewhere gives it without a byte, large or small', async (t) => {
  for (const size of [1000, BIG]) {
    const { repository, server } = await fixture(t, { anonymousMount: 'yes' });
    const { bytes, descriptor } = randomBlob(size);
    server.model.putBlob('other/lib', bytes);
    await repository.push(descriptor, sourceOf(bytes));
    assert.deepEqual(
      server.seen.map(({ method }) => method),
      ['HEAD', 'POST'],
    );
    assert.ok(server.model.repository('ns/app').blobs.has(descriptor.digest));
  }
});

test('a registry that does not know mounts without a source is asked once', async (t) => {
  const { repository, server } = await fixture(t, { anonymousMount: 'refused' });
  for (let i = 0; i < 3; i += 1) {
    const { bytes, descriptor } = randomBlob(1000);
    await repository.push(descriptor, sourceOf(bytes));
  }
  assert.equal(server.count('POST', /mount=/), 1);
  assert.equal(server.count('POST'), 4);
});

test('the session that a mount without a source became is used, not thrown away', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(1000);
  await repository.push(descriptor, sourceOf(bytes));
  assert.deepEqual(
    server.seen.map(({ method }) => method),
    ['HEAD', 'POST', 'PUT'],
  );
  assert.equal(
    server.seen[1]?.url,
    `/v2/ns/app/blobs/uploads/?mount=${encodeURIComponent(descriptor.digest)}`,
  );
  assert.equal(server.seen[1]?.headers['content-length'], '0');
});

test('whatever the cancelling of a session answers, a mount that failed is no error', async (t) => {
  for (const status of [200, 202, 204, 404, 405, 500]) {
    const { repository, server } = await fixture(t, { mount: 'session' });
    const { bytes, descriptor } = randomBlob(1000);
    server.model.putBlob('other/lib', bytes);
    server.fault({ method: 'DELETE', does: { answer: { status } } });
    assert.equal(await repository.mount(descriptor, 'other/lib'), false);
    assert.equal(server.count('DELETE', /uploads/), 1);
  }
});

test('older registries end an upload with 204 or 202', async (t) => {
  for (const status of [202, 204]) {
    const { repository, server } = await fixture(t);
    for (const size of [1000, BIG]) {
      const { bytes, descriptor } = randomBlob(size);
      server.fault({ method: 'PUT', does: { change: (planned) => Object.assign(planned, { status }) } });
      await repository.push(descriptor, sourceOf(bytes));
      assert.ok(server.model.repository('ns/app').blobs.has(descriptor.digest));
    }
  }
});

test('chunks say where they belong; the end of an upload has no body', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(BIG);
  await repository.push(descriptor, sourceOf(bytes));
  const chunks = server.seen.filter(({ method }) => method === 'PATCH');
  assert.deepEqual(
    chunks.map(({ headers }) => headers['content-range']),
    [`0-${8 * MIB - 1}`, `${8 * MIB}-${16 * MIB - 1}`, `${16 * MIB}-${BIG - 1}`],
  );
  assert.deepEqual(
    chunks.map(({ headers }) => headers['content-length']),
    [8 * MIB, 8 * MIB, 4 * MIB].map(String),
  );
  assert.ok(chunks.every(({ headers }) => headers['content-type'] === MEDIA.octetStream));
  const end = server.seen.at(-1);
  assert.deepEqual([end?.method, end?.headers['content-length'], end?.received], ['PUT', '0', 0]);
});

test('every answer about an upload may move it: the newest address counts', async (t) => {
  const { repository, server } = await fixture(t, { movingLocation: true });
  const { bytes, descriptor } = randomBlob(BIG);
  server.fault({ method: 'PATCH', after: 1, does: { cutRequestAfter: 3 * MIB } });
  await repository.push(descriptor, sourceOf(bytes));
  assert.ok(server.model.repository('ns/app').blobs.has(descriptor.digest));
  assert.equal(server.count('POST'), 1);
});

test('a chunk that was taken in part goes on after that part', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(BIG);
  server.fault({
    method: 'PATCH',
    does: {
      change: (planned) => {
        for (const upload of server.model.uploads.values()) upload.bytes = upload.bytes.subarray(0, 3 * MIB);
        planned.headers['range'] = `0-${3 * MIB - 1}`;
      },
    },
  });
  await repository.push(descriptor, sourceOf(bytes));
  const second = server.seen.filter(({ method }) => method === 'PATCH')[1];
  assert.equal(second?.headers['content-range']?.split('-')[0], String(3 * MIB));
  assert.deepEqual(server.model.repository('ns/app').blobs.get(descriptor.digest), bytes);
});

for (const [name, does] of Object.entries({
  '500': { answer: { status: 500 } },
  '504 after the work': { change: (planned: { status: number }) => Object.assign(planned, { status: 504 }) },
  'a reset': { cutRequestAfter: MIB },
  silence: { hang: true as const },
})) {
  test(`after ${name} the registry is asked what it has, and only the rest is sent`, async (t) => {
    const timeouts = 'hang' in does ? { timeouts: { answerMs: 1500 } } : {};
    const { repository, server } = await fixture(t, {}, timeouts);
    const { bytes, descriptor } = randomBlob(BIG);
    server.fault({ method: 'PATCH', after: 1, does });
    await repository.push(descriptor, sourceOf(bytes));
    assert.deepEqual(server.model.repository('ns/app').blobs.get(descriptor.digest), bytes);
    assert.equal(server.count('GET', /uploads/), 1);
    assert.equal(server.count('POST'), 1);
  });
}

test('a status that is not understood leads to a new session', async (t) => {
  for (const range of ['5-9', 'bytes 0-5/9', '', '0-99999999999', 'x']) {
    const { repository, server } = await fixture(t);
    const { bytes, descriptor } = randomBlob(BIG);
    server.fault({ method: 'PATCH', after: 1, does: { answer: { status: 500 } } });
    server.fault({ method: 'GET', does: { change: ({ headers }) => Object.assign(headers, { range }) } });
    await repository.push(descriptor, sourceOf(bytes));
    assert.equal(server.count('POST'), 2, range);
    assert.deepEqual(server.model.repository('ns/app').blobs.get(descriptor.digest), bytes);
  }
});

test('0-0 means nothing when the first chunk may not have arrived', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(BIG);
  server.fault({ method: 'PATCH', does: { answer: { status: 500 } } });
  await repository.push(descriptor, sourceOf(bytes));
  const [, second] = server.seen.filter(({ method }) => method === 'PATCH');
  assert.equal(second?.headers['content-range'], `0-${8 * MIB - 1}`);
  assert.equal(server.count('POST'), 1);
});

test('a registry without PATCH is not asked for it again', async (t) => {
  const { repository, server } = await fixture(t, { noPatch: true });
  for (let i = 0; i < 2; i += 1) {
    const { bytes, descriptor } = randomBlob(BIG);
    await repository.push(descriptor, sourceOf(bytes));
  }
  assert.equal(server.count('PATCH'), 1);
});

test('chunks that are too large for a registry become smaller, for the next blob too', async (t) => {
  const { repository, server } = await fixture(t, { largestChunk: 3 * MIB });
  for (let i = 0; i < 2; i += 1) {
    const { bytes, descriptor } = randomBlob(BIG);
    await repository.push(descriptor, sourceOf(bytes));
    assert.deepEqual(server.model.repository('ns/app').blobs.get(descriptor.digest), bytes);
  }
  const refused = server.seen.filter(({ status }) => status === 413);
  assert.deepEqual(
    refused.map(({ received }) => received),
    [8 * MIB, 4 * MIB],
  );
});

test('a registry that takes no chunk at all says so', async (t) => {
  const { repository, server } = await fixture(t, { largestChunk: 1000 });
  const { bytes, descriptor } = randomBlob(BIG);
  await assert.rejects(repository.push(descriptor, sourceOf(bytes)), { code: 'OCI_REMOTE_TOO_LARGE' });
  assert.ok(server.count('PATCH') <= 4);
});

test('a chunk that goes on in the middle still has the smallest size', async (t) => {
  const { repository, server } = await fixture(t, { minimumChunk: 9 * MIB });
  const { bytes, descriptor } = randomBlob(30 * MIB);
  server.fault({ method: 'PATCH', after: 1, does: { cutRequestAfter: 5 * MIB } });
  await repository.push(descriptor, sourceOf(bytes));
  const sizes = server.seen.filter(({ method, status }) => method === 'PATCH' && status === 202);
  assert.ok(sizes.slice(0, -1).every(({ received }) => received >= 9 * MIB));
  assert.deepEqual(server.model.repository('ns/app').blobs.get(descriptor.digest), bytes);
});

test('a sticky Range that was no quirk but a loss ends in the right bytes', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(30 * MIB);
  server.fault({
    method: 'PATCH',
    after: 1,
    does: {
      change: (planned) => {
        for (const upload of server.model.uploads.values()) upload.bytes = upload.bytes.subarray(0, 8 * MIB);
        planned.headers['range'] = `0-${8 * MIB - 1}`;
      },
    },
  });
  await repository.push(descriptor, sourceOf(bytes));
  assert.deepEqual(server.model.repository('ns/app').blobs.get(descriptor.digest), bytes);
});

test('a large sha512 blob is announced too', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes } = randomBlob(17 * MIB);
  await repository.push(blobOf(bytes, 'sha512'), sourceOf(bytes));
  assert.equal(server.count('POST', /digest-algorithm=sha512/), 1);
  assert.ok(server.model.repository('ns/app').blobs.has(blobOf(bytes, 'sha512').digest));
});

test('a chunk reader gives any part again, never less than asked for in the middle, also while another is given up', async () => {
  const { bytes } = randomBlob(1000);
  const pieces = async function* source() {
    for (let at = 0; at < 1000; at += 7) yield bytes.subarray(at, at + 7);
  };
  const reader = new ChunkReader({ size: 1000, digest: 'x', source: pieces });
  const read = async (offset: number, length: number, least = 1) => {
    const chunk = reader.chunk(offset, length, { least });
    return { size: chunk.size, bytes: Buffer.from(await collect(chunk.source())) };
  };
  for (const [offset, length, least, expected] of [
    [0, 100, 1, 100],
    [40, 100, 1, 60],
    [40, 100, 80, 100],
    [90, 100, 100, 100],
    [0, 50, 1, 50],
    [950, 100, 100, 50],
    [990, 100, 100, 10],
    [500, 300, 300, 300],
    [700, 300, 300, 300],
  ] as const) {
    const part = await read(offset, length, least);
    assert.equal(part.size, expected);
    assert.deepEqual(part.bytes, bytes.subarray(offset, offset + expected), `${offset} ${length}`);
  }
  // Of a chunk that is larger than what is kept, an earlier part is read again.
  const large = Buffer.from(Array.from({ length: 20 * MIB }, (_, i) => (i * 7) ^ (i >> 11)));
  let opened = 0;
  const again = new ChunkReader({
    size: large.length,
    digest: 'x',
    source: () => {
      opened += 1;
      return sourceOf(large)();
    },
  });
  const readLarge = async (offset: number) => {
    const chunk = again.chunk(offset, 16 * MIB);
    return Buffer.from(await collect(chunk.source()));
  };
  assert.ok((await readLarge(MIB)).equals(large.subarray(MIB, 17 * MIB)));
  assert.ok((await readLarge(12 * MIB + 5)).equals(large.subarray(12 * MIB + 5, 17 * MIB)));
  assert.equal(opened, 1);
  assert.ok((await readLarge(2 * MIB + 3)).equals(large.subarray(2 * MIB + 3, 18 * MIB + 3)));
  assert.equal(opened, 2);
  await again.close();

  const givenUp = reader.chunk(100, 500).source()[Symbol.asyncIterator]();
  await givenUp.next();
  const pending = givenUp.next();
  assert.deepEqual((await read(300, 400, 400)).bytes, bytes.subarray(300, 700));
  await pending;
  assert.deepEqual(await givenUp.next(), { done: true, value: undefined });
  await reader.close();
});

/** As distribution has them. */
const stateful = { location: (path: string) => `${path}${path.includes('?') ? '&' : '?'}_state=abc` };

test('where a break costs the whole upload, large chunks are sent; smaller ones when these are refused', async (t) => {
  const { repository, server } = await fixture(t, stateful);
  const { bytes, descriptor } = randomBlob(25 * MIB);
  await repository.push(descriptor, sourceOf(bytes));
  const chunks = () =>
    server.seen
      .filter(({ method }) => method === 'PATCH')
      .map(({ headers }) => Number(headers['content-length']) / MIB);
  assert.deepEqual(chunks(), [25]);
  assert.ok(server.model.repository('ns/app').blobs.has(descriptor.digest));

  const other = randomBlob(25 * MIB);
  server.fault({
    method: 'PATCH',
    times: 99,
    when: ({ headers }) => Number(headers['content-length']) > 9 * MIB,
    does: { answer: { status: 413 } },
  });
  await repository.push(other.descriptor, sourceOf(other.bytes));
  assert.deepEqual(chunks().slice(1), [25, 8, 8, 8, 1]);
  assert.ok(server.model.repository('ns/app').blobs.has(other.descriptor.digest));
});

test('a large chunk that breaks goes on where the registry is, near or far back', async (t) => {
  for (const [cut, has] of [
    [20 * MIB, 18 * MIB],
    [20 * MIB, 0],
    [20 * MIB, 5 * MIB + 77],
  ] as const) {
    const { repository, server } = await fixture(t, stateful);
    const { bytes, descriptor } = randomBlob(25 * MIB);
    const happened = () => {
      for (const [id, upload] of server.model.uploads)
        server.model.uploads.set(id, { ...upload, bytes: upload.bytes.subarray(0, has) });
    };
    server.fault({ method: 'PATCH', does: { cutRequestAfter: cut, happened } });
    await repository.push(descriptor, sourceOf(bytes));
    assert.deepEqual(server.model.repository('ns/app').blobs.get(descriptor.digest), bytes);
    assert.equal(server.count('POST'), 1);
  }
});

test('content that the registry lost though it says that it has it is sent again, once', async (t) => {
  const { repository, server } = await fixture(t);
  const memory = createMemoryStore();
  await memory.push(blobOf(emptyConfig), sourceOf(emptyConfig));
  const { bytes, descriptor } = manifestOf();
  await memory.push(descriptor, sourceOf(bytes));
  // It answers HEAD from a cache and does not have the blob.
  server.fault({
    method: 'HEAD',
    path: /blobs/,
    times: 99,
    does: { answer: { status: 200, headers: { 'content-length': '2' } } },
  });
  await copyGraph(memory, repository, [descriptor]);
  assert.ok(server.model.repository('ns/app').manifests.has(descriptor.digest));
  assert.equal(server.count('PUT', /manifests/), 2);
  assert.equal(server.count('PUT', /blobs/), 1);
});

test('content that the registry never finds is an error after one more try', async (t) => {
  const { repository, server } = await fixture(t);
  const memory = createMemoryStore();
  await memory.push(blobOf(emptyConfig), sourceOf(emptyConfig));
  const { bytes, descriptor } = manifestOf();
  await memory.push(descriptor, sourceOf(bytes));
  const body = Buffer.from('{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"gone"}]}');
  server.fault({ method: 'PUT', path: /manifests/, times: 9, does: { answer: { status: 404, body } } });
  await assert.rejects(copyGraph(memory, repository, [descriptor]), { code: 'OCI_REMOTE_BLOB_UNKNOWN' });
  assert.equal(server.count('PUT', /manifests/), 2);
});

test('blobs come before their manifest, children before their index, referrers after it, tags last', async (t) => {
  const { repository, server } = await fixture(t);
  const memory = createMemoryStore();
  await memory.push(blobOf(emptyConfig), sourceOf(emptyConfig));
  const child = manifestOf({ note: 'child' });
  await memory.push(child.descriptor, sourceOf(child.bytes));
  const index = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests: [child.descriptor] }),
  );
  const root = { ...blobOf(index), mediaType: MEDIA.ociIndex };
  await memory.push(root, sourceOf(index));
  const signature = manifestOf({ subject: root, artifactType: 'application/vnd.test.signature' });
  await memory.push(signature.descriptor, sourceOf(signature.bytes));
  await copyGraph(memory, repository, [root], { tags: new Map([[root.digest, ['1.0.0']]]) });
  assert.deepEqual(
    server.seen
      .filter(({ method }) => method === 'PUT')
      .map(({ url }) => (url.includes('/blobs/') ? 'blob' : url.slice(url.lastIndexOf('/') + 1))),
    ['blob', child.descriptor.digest, root.digest, signature.descriptor.digest, '1.0.0'],
  );
});

test('what needs nothing after it comes together with its tag, and what is new is not asked for', async (t) => {
  const { repository, server } = await fixture(t);
  const memory = createMemoryStore();
  await memory.push(blobOf(emptyConfig), sourceOf(emptyConfig));
  const { bytes, descriptor } = manifestOf();
  await memory.push(descriptor, sourceOf(bytes));
  const tags = new Map([[descriptor.digest, ['1.0.0']]]);
  const result = await copyGraph(memory, repository, [descriptor], { tags });
  assert.deepEqual([result.copied, result.skipped, result.tagged], [2, 0, ['1.0.0']]);
  assert.equal(server.model.repository('ns/app').tags.get('1.0.0'), descriptor.digest);
  assert.equal(server.count('PUT', /manifests/), 1);
  assert.equal(server.count('HEAD', /manifests\/sha256/), 0);

  // Another version under the same tag, set by somebody else in the meantime, is not replaced.
  const other = manifestOf({ note: 'other' });
  await memory.push(other.descriptor, sourceOf(other.bytes));
  server.fault({ method: 'HEAD', path: /manifests\/1\.0\.0/, times: 1, does: { answer: { status: 404 } } });
  const late = { tags: new Map([[other.descriptor.digest, ['1.0.0']]]) };
  await assert.rejects(copyGraph(memory, repository, [other.descriptor], late), { code: 'OCI_TAG_CONFLICT' });
  assert.equal(server.model.repository('ns/app').tags.get('1.0.0'), descriptor.digest);
});
