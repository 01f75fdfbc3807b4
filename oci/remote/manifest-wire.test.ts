import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { configureLog, digestOf, LIMITS } from '#base';
import { type Descriptor, MEDIA } from '#schemas';
import { referrersTag } from '../referrers-tag.js';
import { parseTarget } from './http/target.js';
import { linkTarget } from './pages.js';
import { parseRateLimit } from './rate-limit.js';
import {
  blobOf,
  clientOf,
  emptyConfig,
  type Fixture,
  fixture,
  manifestOf,
  sourceOf,
} from './test-support.js';

const SIGNATURE = 'application/vnd.test.signature';

function logged(t: TestContext): string[] {
  const lines: string[] = [];
  configureLog({ sink: (line) => lines.push(line) });
  t.after(() => configureLog({ sink: (line) => void process.stderr.write(`${line}\n`) }));
  return lines;
}

async function withSubject({ repository }: Fixture): Promise<Descriptor> {
  await repository.push(blobOf(emptyConfig), sourceOf(emptyConfig));
  const { bytes, descriptor } = manifestOf({ note: 'subject' });
  await repository.push(descriptor, sourceOf(bytes));
  return descriptor;
}

async function attach({ repository }: Fixture, subject: Descriptor, note: string, artifactType = SIGNATURE) {
  const { bytes, descriptor } = manifestOf({ subject, artifactType, note });
  await repository.push(descriptor, sourceOf(bytes));
  return descriptor.digest;
}

test('manifests are asked for by every type that can be read, and by no other', async (t) => {
  const { repository, server } = await fixture(t);
  await repository.resolve('latest').catch(() => undefined);
  await repository.fetchManifest('latest').catch(() => undefined);
  for (const { headers } of server.seen) {
    assert.deepEqual(headers.accept?.split(', '), [
      'application/vnd.oci.image.manifest.v1+json',
      'application/vnd.oci.image.index.v1+json',
      'application/vnd.docker.distribution.manifest.v2+json',
      'application/vnd.docker.distribution.manifest.list.v2+json',
    ]);
  }
});

test('a manifest that says of itself to be another type than it is sent as is refused', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes } = manifestOf();
  for (const type of [MEDIA.ociIndex, MEDIA.dockerManifest]) {
    server.model.putManifest('ns/app', { type, bytes, tag: 'latest' });
    await assert.rejects(repository.fetchManifest('latest'), {
      code: 'OCI_REMOTE_ANSWER_INVALID',
      message: /says of itself/,
    });
  }
  server.model.putManifest('ns/app', { type: 'text/plain', bytes, tag: 'latest' });
  assert.equal((await repository.fetchManifest('latest')).descriptor.mediaType, MEDIA.ociManifest);
  server.model.putManifest('ns/app', {
    type: 'text/plain',
    bytes: Buffer.from('{"mediaType":"text/plain"}'),
    tag: 'latest',
  });
  await assert.rejects(repository.fetchManifest('latest'), { code: 'OCI_REMOTE_ANSWER_INVALID' });
});

test('parameters and case of a content type do not matter for a manifest', async (t) => {
  const { repository, server } = await fixture(t);
  const bytes = Buffer.from('{"schemaVersion":2}');
  const descriptor = { ...blobOf(bytes), mediaType: MEDIA.ociManifest };
  const type = `${MEDIA.ociManifest.replace('manifest', 'MANIFEST')} ; charset=utf-8`;
  server.model.putManifest('ns/app', { type, bytes, tag: 'latest' });
  assert.deepEqual(await repository.resolve('latest'), descriptor);
  assert.deepEqual((await repository.fetchManifest('latest')).descriptor, descriptor);
});

test('a manifest asked for by sha512 is checked by sha512, whatever header comes with it', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes } = manifestOf();
  const digest = digestOf(bytes, 'sha512');
  server.model.repository('ns/app').manifests.set(digest, { type: MEDIA.ociManifest, bytes });
  server.fault({
    does: { change: ({ headers }) => Object.assign(headers, { 'docker-content-digest': digestOf(bytes) }) },
  });
  const { descriptor } = await repository.fetchManifest(digest);
  assert.equal(descriptor.digest, digest);
  server.model
    .repository('ns/app')
    .manifests.set(digestOf('x', 'sha512'), { type: MEDIA.ociManifest, bytes });
  await assert.rejects(repository.fetchManifest(digestOf('x', 'sha512')), { code: 'OCI_DIGEST_MISMATCH' });
});

test('a manifest above 4 MiB is not sent; one that others stored is read up to 8 MiB', async (t) => {
  const { repository, server } = await fixture(t);
  const { bytes } = manifestOf({ note: 'x'.repeat(LIMITS.manifestBytes) });
  await assert.rejects(repository.pushManifest(bytes, MEDIA.ociManifest), { code: 'BASE_LIMIT_EXCEEDED' });
  assert.equal(server.count('PUT'), 0);
  server.model.putManifest('ns/app', { type: MEDIA.ociManifest, bytes, tag: 'latest' });
  assert.equal((await repository.fetchManifest('latest')).bytes.length, bytes.length);
});

test('a manifest goes out as its exact bytes, its type without parameters', async (t) => {
  const { repository, server } = await fixture(t);
  await repository.push(blobOf(emptyConfig), sourceOf(emptyConfig));
  const bytes = Buffer.from(` ${manifestOf().bytes.toString()}\n`);
  await repository.pushManifest(bytes, MEDIA.ociManifest, { tags: ['stable'] });
  const put = server.seen.at(-1);
  assert.deepEqual([put?.method, put?.headers['content-type']], ['PUT', MEDIA.ociManifest]);
  assert.deepEqual(server.model.find('ns/app', 'stable')?.manifest.bytes, bytes);
});

test('a registry that stored something else than was sent is found out', async (t) => {
  const { repository, server } = await fixture(t);
  await repository.push(blobOf(emptyConfig), sourceOf(emptyConfig));
  server.fault({
    method: 'PUT',
    does: { change: ({ headers }) => Object.assign(headers, { 'docker-content-digest': digestOf('other') }) },
  });
  await assert.rejects(repository.pushManifest(manifestOf().bytes, MEDIA.ociManifest), {
    code: 'OCI_DIGEST_MISMATCH',
  });
});

test('several moving tags are set in one request where the registry can, one by one where it cannot', async (t) => {
  for (const manyTags of [true, false]) {
    const { repository, server } = await fixture(t, { manyTags });
    await repository.push(blobOf(emptyConfig), sourceOf(emptyConfig));
    const before = server.count('PUT');
    for (const note of ['one', 'two']) {
      const { bytes, descriptor } = manifestOf({ note });
      await repository.pushManifest(bytes, MEDIA.ociManifest, { tags: ['latest', 'stable', 'edge'] });
      for (const tag of ['latest', 'stable', 'edge'])
        assert.equal(server.model.find('ns/app', tag)?.digest, descriptor.digest);
    }
    // Without it: one try that sets nothing, then three and three.
    assert.equal(server.count('PUT') - before, manyTags ? 2 : 7);
    assert.equal(server.count('PUT', /\?tag=latest&tag=stable&tag=edge$/), manyTags ? 2 : 1);
  }
});

test('a tag that the registry left out of OCI-Tag is set alone; version tags keep their condition', async (t) => {
  const { repository, server } = await fixture(t, { manyTags: true });
  await repository.push(blobOf(emptyConfig), sourceOf(emptyConfig));
  server.fault({
    method: 'PUT',
    path: /tag=/,
    does: {
      change: ({ headers }) => {
        headers['oci-tag'] = 'latest';
        server.model.repository('ns/app').tags.delete('stable');
      },
    },
  });
  const { bytes, descriptor } = manifestOf();
  await repository.pushManifest(bytes, MEDIA.ociManifest, { tags: ['1.0.0', 'latest', 'stable'] });
  for (const tag of ['1.0.0', 'latest', 'stable'])
    assert.equal(server.model.find('ns/app', tag)?.digest, descriptor.digest);
  assert.equal(server.seen.find(({ url }) => url.endsWith('/1.0.0') && true)?.method, 'HEAD');
  assert.equal(
    server.seen.find(({ method, url }) => method === 'PUT' && url.endsWith('/1.0.0'))?.headers[
      'if-none-match'
    ],
    '*',
  );
});

test('layers with addresses of their own are still asked of the registry only', async (t) => {
  const { repository, server } = await fixture(t);
  const elsewhere = (await fixture(t)).server;
  const descriptor = { ...blobOf(Buffer.from('foreign')), urls: [`${elsewhere.origin}/layer`] };
  elsewhere.fault({ times: 9, does: { answer: { status: 200, body: Buffer.from('foreign') } } });
  await assert.rejects(repository.fetch(descriptor), { code: 'OCI_CONTENT_MISSING' });
  assert.deepEqual([server.seen.length, elsewhere.seen.length], [1, 0]);
});

test('the fallback tag keeps type and every annotation of a referrer, and each one once', async (t) => {
  const all = await fixture(t, { referrersApi: false });
  const subject = await withSubject(all);
  const digest = await attach(all, subject, 'a');
  const { bytes, descriptor } = manifestOf({ subject, artifactType: SIGNATURE, note: 'a' });
  assert.equal(descriptor.digest, digest);
  await all.repository.pushManifest(bytes, MEDIA.ociManifest);
  await attach(all, subject, 'b');
  const list = all.server.model.find('ns/app', referrersTag(subject.digest));
  assert.equal(list?.manifest.type, MEDIA.ociIndex);
  const index = JSON.parse(list?.manifest.bytes.toString() ?? '');
  assert.deepEqual(
    index.manifests.map((each: Descriptor) => [each.artifactType, each.annotations]),
    [
      [SIGNATURE, { note: 'a' }],
      [SIGNATURE, { note: 'b' }],
    ],
  );
  assert.deepEqual([index.schemaVersion, index.mediaType], [2, MEDIA.ociIndex]);
});

test('a referrer without a type is listed by the type of its config', async (t) => {
  const all = await fixture(t, { referrersApi: false });
  const subject = await withSubject(all);
  const { bytes, descriptor } = manifestOf({ subject });
  await all.repository.push(descriptor, sourceOf(bytes));
  const [found] = await all.repository.referrers(subject);
  assert.equal(found?.artifactType, MEDIA.ociEmpty);
});

test('an OCI-Subject of something else is not believed', async (t) => {
  const all = await fixture(t, { referrersApi: false });
  const subject = await withSubject(all);
  all.server.fault({
    method: 'PUT',
    path: /manifests\/sha256:/,
    does: { change: ({ headers }) => Object.assign(headers, { 'oci-subject': digestOf('other') }) },
  });
  const digest = await attach(all, subject, 'a');
  assert.deepEqual(
    (await all.repository.referrers(subject)).map((each) => each.digest),
    [digest],
  );
});

test('a repository that is not there is told from a registry without the endpoint', async (t) => {
  const { repository, server } = await fixture(t);
  const body = Buffer.from('{"errors":[{"code":"NAME_UNKNOWN","message":"no"}]}');
  server.fault({ path: /referrers/, does: { answer: { status: 404, body } } });
  const { descriptor } = manifestOf();
  const missing = await repository.inspectReferrers(descriptor);
  assert.deepEqual([missing.descriptors, missing.certain], [[], true]);
  assert.match(missing.reason ?? '', /no repository/);
  server.behaviour.referrersApi = false;
  const without = await repository.inspectReferrers(descriptor);
  assert.deepEqual([without.certain, without.from], [true, []]);
  assert.match(without.reason ?? '', /404/);
});

test('children of an index are never its referrers', async (t) => {
  const all = await fixture(t, { referrersApi: false });
  await all.repository.push(blobOf(emptyConfig), sourceOf(emptyConfig));
  const child = manifestOf({ note: 'child' });
  await all.repository.push(child.descriptor, sourceOf(child.bytes));
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests: [child.descriptor] }),
  );
  const index = { ...blobOf(bytes), mediaType: MEDIA.ociIndex };
  await all.repository.push(index, sourceOf(bytes));
  // As GitLab does: the tag sha256-<hex> answers with the subject itself.
  all.server.model.repository('ns/app').tags.set(referrersTag(index.digest), index.digest);
  assert.deepEqual(await all.repository.referrers(index), []);
  const signature = await attach(all, index, 'a');
  assert.deepEqual(
    (await all.repository.referrers(index)).map(({ digest }) => digest),
    [signature],
  );
});

test('the fallback tag of a sha512 subject is cut to what a tag may be', () => {
  const tag = referrersTag(digestOf('x', 'sha512'));
  assert.match(tag, /^sha512-[0-9a-f]{64}$/);
  assert.ok(tag.length <= 128);
  assert.equal(tag.slice(7), digestOf('x', 'sha512').slice(7, 71));
});

test('a filter that the registry ignores, or entries without a type, are filtered by us', async (t) => {
  const all = await fixture(t);
  const subject = await withSubject(all);
  const wanted = await attach(all, subject, 'a');
  await attach(all, subject, 'b', 'application/vnd.test.sbom');
  all.server.fault({
    path: /referrers/,
    does: {
      change: (planned) => {
        const body = JSON.parse(planned.body.toString());
        for (const each of body.manifests) delete each.artifactType;
        planned.body = Buffer.from(JSON.stringify(body));
      },
    },
  });
  assert.deepEqual(
    (await all.repository.referrers(subject, SIGNATURE)).map(({ digest }) => digest),
    [wanted],
  );
  const asked = all.server.seen.find(({ url }) => url.includes('/referrers/'));
  assert.match(asked?.url ?? '', /\?artifactType=application%2Fvnd\.test\.signature$/);
});

for (const [applied, asked] of [
  ['artifactType', 0],
  ['annotations, ArtifactType', 0],
  ['annotations', 1],
] as const) {
  test(`a list whose OCI-Filters-Applied is "${applied}" costs ${asked} questions for the type of an entry`, async (t) => {
    const all = await fixture(t);
    const subject = await withSubject(all);
    const wanted = await attach(all, subject, 'a');
    const other = await attach(all, subject, 'b', 'application/vnd.test.sbom');
    all.server.fault({
      path: /referrers/,
      does: {
        change: (planned) => {
          const body = JSON.parse(planned.body.toString());
          for (const each of body.manifests) if (each.digest === wanted) delete each.artifactType;
          planned.body = Buffer.from(JSON.stringify(body));
          planned.headers['oci-filters-applied'] = applied;
        },
      },
    });
    all.server.seen.length = 0;
    // One that has not seen these manifests before.
    const found = await clientOf(t, all.server.host).repository('ns/app').referrers(subject, SIGNATURE);
    assert.deepEqual(
      found.map(({ digest }) => digest),
      [wanted],
      `an entry of another type is none: ${other}`,
    );
    assert.equal(all.server.count('GET', /manifests\/sha256:/), asked);
  });
}

test('a list of referrers that continues elsewhere is refused', async (t) => {
  const all = await fixture(t);
  const subject = await withSubject(all);
  all.server.fault({
    path: /referrers/,
    does: {
      change: ({ headers }) => Object.assign(headers, { link: '<http://evil.example/x>; rel="next"' }),
    },
  });
  await assert.rejects(all.repository.referrers(subject), { code: 'OCI_REMOTE_ANSWER_INVALID' });
});

test('an empty page is not the end, null is no error, and any order will do', async (t) => {
  const { repository, server } = await fixture(t);
  for (const [tags, link] of [
    ['null', '<?page=2>; rel="next"'],
    ['["b","A"]', '<?page=3>; rel="prev", <?page=3>; rel="next"'],
    ['["a"]', '<?page=1>; rel="prev"'],
  ] as const)
    server.fault({
      does: { answer: { status: 200, headers: { link }, body: Buffer.from(`{"tags":${tags}}`) } },
    });
  assert.deepEqual(await repository.list(), ['A', 'a', 'b']);
  assert.equal(server.seen[0]?.url, '/v2/ns/app/tags/list?n=1000');
});

test('a page that a TLS proxy made look like http stays on https; other places are refused', () => {
  const origin = parseTarget('https://registry.example/')!;
  const from = { ...origin, path: '/v2/a/tags/list?n=2' };
  const at = (link: string) => linkTarget(link, from, origin);
  for (const link of [
    'http://registry.example:5000/v2/a/tags/list?last=x',
    'http://registry.example/v2/a/tags/list?last=x',
    'https://registry.example:443/v2/a/tags/list?last=x',
    '/v2/a/tags/list?last=x',
    '?last=x',
  ])
    assert.deepEqual(at(link), { ...origin, path: '/v2/a/tags/list?last=x' }, link);
  for (const link of [
    'https://registry.example:8443/v2/a',
    'http://evil.example/v2/a',
    'https://evil.example/v2/a',
    'ftp://registry.example/',
    'http://user@registry.example/',
  ])
    assert.equal(at(link), undefined, link);
});

test('a warning of the registry is shown once, and nothing is done about it', async (t) => {
  const lines = logged(t);
  const { repository, server } = await fixture(t);
  for (const warning of [
    '299 - "this registry closes in May"',
    '299 - "this registry closes in May"',
    '199 - "other"',
  ]) {
    server.fault({ does: { change: ({ headers }) => Object.assign(headers, { warning }) } });
    await repository.list();
  }
  assert.deepEqual(lines, [`warn: ${server.host} says: this registry closes in May`]);
});

test('a registry that takes no more requests is told once', async (t) => {
  const lines = logged(t);
  const { repository, server } = await fixture(t);
  for (let i = 0; i < 2; i += 1) {
    const headers = { 'ratelimit-remaining': '0;w=21600', 'ratelimit-reset': '60' };
    server.fault({ does: { change: (planned) => Object.assign(planned.headers, headers) } });
    await repository.list();
  }
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /takes no more requests from us for 60 s/);
});

test('429 without Retry-After means the reset that it names', async (t) => {
  const { repository, server } = await fixture(t, {}, { retry: { attempts: 3, maxWaitMs: 1000 } });
  server.fault({ does: { answer: { status: 429, headers: { 'x-ratelimit-reset': '3600' } } } });
  await assert.rejects(repository.list(), { code: 'OCI_REMOTE_RATE_LIMITED', message: /wait 3600 s/ });
  assert.equal(server.seen.length, 1);
});

test('rate limits are read in every form', () => {
  const now = 1_700_000_000_000;
  const read = (headers: Record<string, string>) => parseRateLimit(headers, now);
  assert.deepEqual(read({}), { remaining: undefined, resetMs: undefined });
  assert.deepEqual(read({ 'ratelimit-remaining': '76;w=21600' }), { remaining: 76, resetMs: undefined });
  assert.deepEqual(read({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1700000030' }), {
    remaining: 0,
    resetMs: 30_000,
  });
  assert.deepEqual(read({ 'ratelimit-reset': 'soon' }), { remaining: undefined, resetMs: undefined });
});
