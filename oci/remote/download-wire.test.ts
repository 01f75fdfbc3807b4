import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Digester } from '#base';
import { openContentCache } from '../store/content-cache.js';
import { commitLimit, REMOTE_TIMEOUTS } from './registry-settings.js';
import { fixture, randomBlob, readAll, sourceOf } from './test-support.js';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

test('one new byte is progress: many cuts do not end a download', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(100_000);
  server.model.putBlob('ns/app', bytes);
  server.fault({ times: 12, does: { cutAnswerAfter: 1 } });
  assert.deepEqual(await readAll(await repository.fetch(descriptor)), bytes);
  assert.equal(server.seen.length, 13);
});

test('cuts that bring nothing end a download', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(100_000);
  server.model.putBlob('ns/app', bytes);
  server.fault({ times: 99, does: { cutAnswerAfter: 0 } });
  await assert.rejects(readAll(await repository.fetch(descriptor)), { code: 'OCI_REMOTE_INTERRUPTED' });
  assert.ok(server.seen.length <= 5, `${server.seen.length} requests`);
});

for (const [name, range] of Object.entries({
  'another start': 'bytes 0-999999/1000000',
  'another end': 'bytes 300000-300001/1000000',
  'another total': 'bytes 300000-999999/1000001',
  'no unit': '300000-999999/1000000',
  'no range at all': '',
})) {
  test(`a partial answer with ${name} is refused`, async (t) => {
    const { repository, server } = await fixture(t);
    const { bytes, descriptor } = randomBlob(1_000_000);
    server.model.putBlob('ns/app', bytes);
    const digester = new Digester('sha256');
    digester.update(bytes.subarray(0, 300_000));
    server.fault({
      times: 9,
      does: { change: ({ headers }) => Object.assign(headers, { 'content-range': range }) },
    });
    await assert.rejects((async () => readAll(await repository.fetchRest(descriptor, digester)))(), {
      code: 'OCI_REMOTE_ANSWER_INVALID',
      message: /range/,
    });
  });
}

test('a total that is not known is fine; the rest of a blob is all that is read', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(1_000_000);
  server.model.putBlob('ns/app', bytes);
  const digester = new Digester('sha256');
  digester.update(bytes.subarray(0, 300_000));
  server.fault({
    does: { change: ({ headers }) => Object.assign(headers, { 'content-range': 'bytes 300000-999999/*' }) },
  });
  assert.deepEqual(await readAll(await repository.fetchRest(descriptor, digester)), bytes.subarray(300_000));
  assert.equal(server.seen[0]?.headers.range, 'bytes=300000-');
});

test('when all bytes are at hand nothing is asked for: 416 would only say so', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(1000);
  const digester = new Digester('sha256');
  digester.update(bytes);
  assert.equal((await readAll(await repository.fetchRest(descriptor, digester))).length, 0);
  assert.equal(server.seen.length, 0);
});

test('a cut after the last byte is the end', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(100_000);
  server.model.putBlob('ns/app', bytes);
  server.fault({ does: { cutAnswerAfter: 100_000 } });
  assert.deepEqual(await readAll(await repository.fetch(descriptor)), bytes);
  assert.equal(server.seen.length, 1);
});

test('416 for a beginning that is at hand is a refusal', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(1_000_000);
  const digester = new Digester('sha256');
  digester.update(bytes.subarray(0, 10));
  server.fault({ does: { answer: { status: 416 } } });
  await assert.rejects((async () => readAll(await repository.fetchRest(descriptor, digester)))(), {
    code: 'OCI_REMOTE_REFUSED',
    message: /416/,
  });
});

test('a beginning that was wrong is found out by the digest of the whole', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(100_000);
  server.model.putBlob('ns/app', bytes);
  const digester = new Digester('sha256');
  digester.update(Buffer.alloc(50_000));
  await assert.rejects((async () => readAll(await repository.fetchRest(descriptor, digester)))(), {
    code: 'OCI_DIGEST_MISMATCH',
  });
});

test('the answer to a huge upload may take as long as hashing takes, to a small one not', () => {
  assert.equal(commitLimit(REMOTE_TIMEOUTS, 1000), 60_001);
  assert.ok(commitLimit(REMOTE_TIMEOUTS, 50 * GIB) > 25 * 60_000);
  assert.equal(commitLimit(REMOTE_TIMEOUTS, 5000 * GIB), REMOTE_TIMEOUTS.commitMs);
});

test('one connection serves many requests', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes, descriptor } = randomBlob(1000);
  await repository.push(descriptor, sourceOf(bytes));
  for (let i = 0; i < 5; i += 1) await repository.list();
  await readAll(await repository.fetch(descriptor));
  assert.equal(server.connections, 1);
});

test('wrong bytes are never under their final name, and nothing of them is kept', async (t) => {
  const { repository, server } = await fixture(t);
  const directory = mkdtempSync(join(tmpdir(), 'prov-cache-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const cache = await openContentCache(directory);
  const { bytes, descriptor } = randomBlob(2 * MIB);
  const other = Buffer.from(bytes);
  other[1_500_000]! ^= 1;
  server.model.repository('ns/app').blobs.set(descriptor.digest, other);
  await assert.rejects(cache.fill(descriptor, repository), { code: 'OCI_DIGEST_MISMATCH' });
  assert.equal(await cache.has(descriptor.digest), false);
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((each) =>
    each.isFile(),
  );
  assert.deepEqual(
    files.map(({ name }) => name),
    [],
  );
});
