import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT } from '#base';
import { MEDIA } from '#schemas';
import { blobOf, emptyConfig, fixture, manifestOf, sourceOf } from './test-support.js';

const MIB = 1024 * 1024;
const _BIG = 20 * MIB;

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

test('a refused tag is a conflict only when another manifest is there', async (t) => {
  const { repository, server } = await fixture(t);
  await repository.push(blobOf(emptyConfig), sourceOf(emptyConfig));
  const one = manifestOf({ note: 'one' });
  const two = manifestOf({ note: 'two' });
  const refuse = (status: number, message: string) => {
    const body = Buffer.from(JSON.stringify({ errors: [{ code: 'DENIED', message }] }));
    server.fault({ method: 'PUT', path: /manifests/, does: { answer: { status, body } } });
  };
  refuse(409, 'the name belongs to another kind');
  await assert.rejects(repository.pushManifest(one.bytes, MEDIA.ociManifest, { tags: ['1.0.0'] }), {
    code: 'OCI_REMOTE_REFUSED',
    message: /another kind/,
  });
  await repository.pushManifest(one.bytes, MEDIA.ociManifest, { tags: ['stable'] });
  for (const [status, message] of [
    [409, 'no'],
    [412, 'no'],
    [400, 'the tag is immutable'],
  ] as const) {
    refuse(status, message);
    const pushed = repository.pushManifest(two.bytes, MEDIA.ociManifest, { tags: ['stable'] });
    await assert.rejects(pushed, { code: 'OCI_TAG_CONFLICT', exitCode: EXIT.conflict });
  }
});
