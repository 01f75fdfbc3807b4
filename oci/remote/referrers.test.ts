import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { digestOf, EXIT } from '#base';
import { type Descriptor, MEDIA } from '#schemas';
import { referrersTag } from '../referrers-tag.js';
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
const SBOM = 'application/vnd.test.sbom';

async function withSubject({ repository }: Fixture): Promise<Descriptor> {
  await repository.push(blobOf(emptyConfig), sourceOf(emptyConfig));
  const { bytes, descriptor } = manifestOf({ note: 'subject' });
  await repository.push(descriptor, sourceOf(bytes));
  return descriptor;
}

async function attach(
  { repository }: Pick<Fixture, 'repository'>,
  subject: Descriptor,
  note: string,
  artifactType = SIGNATURE,
) {
  const { mediaType, digest, size } = subject;
  const { bytes, descriptor } = manifestOf({ subject: { mediaType, digest, size }, artifactType, note });
  await repository.push(descriptor, sourceOf(bytes));
  return descriptor.digest;
}

const digests = (list: readonly Descriptor[]) => list.map(({ digest }) => digest);

for (const referrersApi of [true, false]) {
  test(`referrers come back sorted and filtered, ${referrersApi ? 'from the API' : 'from the fallback tag'}`, async (t) => {
    const all = await fixture(t, { referrersApi, pageSize: 2 });
    const subject = await withSubject(all);
    const signatures = [
      await attach(all, subject, 'a'),
      await attach(all, subject, 'b'),
      await attach(all, subject, 'c'),
    ].sort();
    const sbom = await attach(all, subject, 'd', SBOM);
    assert.deepEqual(digests(await all.repository.referrers(subject)), [...signatures, sbom].sort());
    assert.deepEqual(digests(await all.repository.referrers(subject, SIGNATURE)), signatures);
    const [found] = await all.repository.referrers(subject, SBOM);
    assert.deepEqual([found?.artifactType, found?.annotations], [SBOM, { note: 'd' }]);
    assert.equal((await all.repository.inspectReferrers(subject)).certain, true);
    assert.deepEqual(await all.repository.list(), []);
    assert.equal(all.server.model.repository('ns/app').tags.size, referrersApi ? 0 : 1);
  });
}

test('an answer outside the specification falls back to the tag and is uncertain', async (t) => {
  const all = await fixture(t, { referrersApi: false });
  const subject = await withSubject(all);
  const digest = await attach(all, subject, 'a');
  for (const status of [400, 403, 405, 406, 410, 501]) {
    all.server.fault({ path: /referrers/, does: { answer: { status } } });
    const answer = await all.repository.inspectReferrers(subject);
    assert.deepEqual(
      [digests(answer.descriptors), answer.certain, answer.from],
      [[digest], false, ['tag']],
      `status ${status}`,
    );
  }
  for (const [type, body] of [
    ['text/html', '<html>'],
    ['application/json', '{}'],
    [MEDIA.ociIndex, '{"schemaVersion":2}'],
    [MEDIA.ociIndex, 'x'],
  ] as const) {
    all.server.fault({
      path: /referrers/,
      does: { answer: { status: 200, headers: { 'content-type': type }, body: Buffer.from(body) } },
    });
    const answer = await all.repository.inspectReferrers(subject);
    assert.deepEqual([digests(answer.descriptors), answer.certain], [[digest], false], `${type} ${body}`);
  }
});

test('an outage is never read as "no referrers"', async (t) => {
  const all = await fixture(t);
  const subject = await withSubject(all);
  await attach(all, subject, 'a');
  for (const status of [500, 503, 429]) {
    all.server.fault({ path: /referrers/, times: 9, does: { answer: { status } } });
    await assert.rejects(all.repository.referrers(subject), { exitCode: EXIT.network });
    all.server.clearFaults();
  }
  all.server.fault({ path: /referrers/, does: { answer: { status: 503 } } });
  assert.equal((await all.repository.referrers(subject)).length, 1);
});

test('parameters of the content type do not matter', async (t) => {
  const all = await fixture(t);
  const subject = await withSubject(all);
  const digest = await attach(all, subject, 'a');
  all.server.fault({
    path: /referrers/,
    does: {
      change: ({ headers }) => Object.assign(headers, { 'content-type': `${MEDIA.ociIndex}; charset=utf-8` }),
    },
  });
  const answer = await all.repository.inspectReferrers(subject);
  assert.deepEqual([digests(answer.descriptors), answer.certain, answer.from], [[digest], true, ['api']]);
});

test('a registry in the middle of an upgrade gives both halves', async (t) => {
  const all = await fixture(t, { referrersApi: false });
  const subject = await withSubject(all);
  const old = await attach(all, subject, 'old');
  all.server.behaviour.referrersApi = true;
  const young = await attach(all, subject, 'young');
  all.server.fault({
    path: /referrers/,
    does: {
      change: (planned) => {
        const body = JSON.parse(planned.body.toString('utf8'));
        body.manifests = body.manifests.filter(({ digest }: Descriptor) => digest === young);
        planned.body = Buffer.from(JSON.stringify(body));
      },
    },
  });
  assert.deepEqual(digests(await all.repository.referrers(subject)), [old, young].sort());
});

test('a fallback tag that answers with the subject, or lists strangers, adds nothing', async (t) => {
  const all = await fixture(t, { referrersApi: false });
  const subject = await withSubject(all);
  const { tags } = all.server.model.repository('ns/app');
  tags.set(referrersTag(subject.digest), subject.digest);
  assert.deepEqual(await all.repository.referrers(subject), []);
  const stranger = manifestOf({ note: 'stranger' });
  await all.repository.push(stranger.descriptor, sourceOf(stranger.bytes));
  const list = [stranger.descriptor, { ...stranger.descriptor, digest: digestOf('gone') }];
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests: list }));
  all.server.model.putManifest('ns/app', { type: MEDIA.ociIndex, bytes, tag: referrersTag(subject.digest) });
  assert.deepEqual(await all.repository.referrers(subject), []);
});

test('a foreign manifest under the fallback tag stops an attach', async (t) => {
  const all = await fixture(t, { referrersApi: false });
  const subject = await withSubject(all);
  const { bytes } = manifestOf({ note: 'foreign' });
  all.server.model.putManifest('ns/app', {
    type: MEDIA.ociManifest,
    bytes,
    tag: referrersTag(subject.digest),
  });
  await assert.rejects(attach(all, subject, 'a'), {
    code: 'OCI_REFERRERS_TAG_FOREIGN',
    exitCode: EXIT.conflict,
  });
});

/** A client that shares no lock with the one of the fixture, as another process would. */
function underAnotherName(t: TestContext, { server }: Fixture) {
  const host = server.host.replace('127.0.0.1', 'localhost');
  return clientOf(t, host, { resolve: new Map([[host, '127.0.0.1']]) });
}

for (const conditional of [true, false]) {
  test(`nothing is lost when several attach at once, ${conditional ? 'by ETag' : 'by reading again'}`, async (t) => {
    const all = await fixture(t, { referrersApi: false, conditional });
    const subject = await withSubject(all);
    // Without conditions only one process at a time is safe against itself; two clients stand for two processes.
    const clients = conditional
      ? [all.repository, underAnotherName(t, all).repository('ns/app')]
      : [all.repository];
    const attached = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        attach({ repository: clients[index % clients.length]! }, subject, `n${index}`),
      ),
    );
    assert.deepEqual(digests(await all.repository.referrers(subject)), attached.sort());
  });
}

test('an attach overwritten by another program is repaired', async (t) => {
  const all = await fixture(t, { referrersApi: false, conditional: false });
  const subject = await withSubject(all);
  const first = await attach(all, subject, 'first');
  const { tags } = all.server.model.repository('ns/app');
  const before = tags.get(referrersTag(subject.digest)) ?? '';
  all.server.fault({
    method: 'PUT',
    path: /manifests\/sha256-/,
    does: { change: () => void tags.set(referrersTag(subject.digest), before) },
  });
  const second = await attach(all, subject, 'second');
  assert.deepEqual(digests(await all.repository.referrers(subject)), [first, second].sort());
});

test('a deleted referrer leaves the list', async (t) => {
  const all = await fixture(t, { referrersApi: false });
  const subject = await withSubject(all);
  const gone = await attach(all, subject, 'gone');
  const kept = await attach(all, subject, 'kept');
  await all.repository.deleteManifest(gone);
  assert.deepEqual(digests(await all.repository.referrers(subject)), [kept]);
  const list = all.server.model.find('ns/app', referrersTag(subject.digest));
  assert.ok(!list?.manifest.bytes.toString('utf8').includes(gone));
});

test('a list of referrers without end is refused', async (t) => {
  const all = await fixture(t);
  const subject = await withSubject(all);
  let page = 0;
  all.server.fault({
    path: /referrers/,
    times: 5000,
    does: {
      answer: () => {
        page += 1;
        const manifests = Array.from({ length: 100 }, (_, index) => ({
          ...subject,
          digest: digestOf(`${page}.${index}`),
        }));
        const headers = {
          'content-type': MEDIA.ociIndex,
          link: `</v2/ns/app/referrers/x?page=${page}>; rel="next"`,
        };
        return { status: 200, headers, body: Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })) };
      },
    },
  });
  await assert.rejects(all.repository.referrers(subject), { code: 'BASE_LIMIT_EXCEEDED' });
  assert.ok(page < 20);
});

test('a list that others change without end is a conflict', async (t) => {
  const all = await fixture(
    t,
    { referrersApi: false },
    { retry: { attempts: 2, baseDelayMs: 1, maxDelayMs: 2 } },
  );
  const subject = await withSubject(all);
  all.server.fault({
    method: 'PUT',
    path: /manifests\/sha256-/,
    times: 1000,
    does: { answer: { status: 412 } },
  });
  await assert.rejects(attach(all, subject, 'a'), {
    code: 'OCI_REFERRERS_CONFLICT',
    exitCode: EXIT.conflict,
  });
});

test('a referrer that is there but not in the list is put into it by the next push', async (t) => {
  const all = await fixture(t, { referrersApi: false });
  const subject = await withSubject(all);
  const digest = await attach(all, subject, 'a');
  all.server.model.repository('ns/app').tags.clear();
  assert.equal(await attach(all, subject, 'a'), digest);
  assert.deepEqual(digests(await all.repository.referrers(subject)), [digest]);
});
