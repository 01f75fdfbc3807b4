import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT } from '#base';
import { seeded } from '../../test/fault-registry/index.js';
import { fixture, randomBlob, readAll } from './test-support.js';

const MIB = 1024 * 1024;
const _BIG = 20 * MIB;

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
  const { bytes, descriptor } = randomBlob(8 * MIB);
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
