import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  deleteReference,
  findExtensions,
  planDelete,
  readPackage,
  rebuildIndex,
  removeTags,
  setTags,
} from '#manager';
import { MEDIA, parseReference, type RemoteReference } from '#schemas';
import { bench, REDIS, REPOSITORY } from './publish-bench.js';
import { newKey } from './site.js';

test('a registry that is not ours is searched by its list of repositories and their indexes', async (t) => {
  const { publish, server, site } = await bench(t);
  await publish();
  await publish({ ...REDIS, version: '1.1.0' });
  server.model.putManifest('team/image', {
    type: MEDIA.ociManifest,
    bytes: Buffer.from(JSON.stringify({ schemaVersion: 2, config: null, layers: [] })),
    tag: '1.0.0',
  });
  const registry = server.host;
  const { extensions, from, unsearched } = await findExtensions({ registry, query: 'red*' }, site.context);
  assert.deepEqual(
    extensions.map(({ name, version, kind, state, versions }) => [name, version, kind, state, versions]),
    [['redis', '1.1.0', 'taskserv', 'active', 2]],
  );
  assert.deepEqual([from, unsearched.map(({ repository }) => repository)], ['indexes', ['team/image']]);
  server.fault({ path: /_catalog/, times: 10, does: { answer: { status: 404 } } });
  await assert.rejects(findExtensions({ registry }, site.context), {
    code: 'MANAGER_CATALOGUE_UNAVAILABLE',
  });
});

test('versions that no index knows are read from their manifests; other tags are kept apart', async (t) => {
  const { publish, server, site } = await bench(t);
  const { digest } = await publish(REDIS, { tags: ['stable'] });
  server.model.repository(REPOSITORY).tags.delete('_index');
  const reference = parseReference(`${server.host}/${REPOSITORY}`) as RemoteReference;
  const found = await readPackage(reference, site.context);
  assert.deepEqual(
    [found.index, found.versions.map((each) => each.digest), found.otherTags],
    ['none', [digest], ['stable']],
  );
});

test('deleting takes a tag, or a manifest with what is attached; a registry that cannot says so', async (t) => {
  const { publish, server, site } = await bench(t, { referrersApi: false });
  const { signer } = await newKey();
  const { digest } = await publish(REDIS, { signer, tags: ['stable'] });
  const reference = parseReference(`${server.host}/${REPOSITORY}:stable`) as RemoteReference;
  const refuse = (path: RegExp, times = 100) =>
    server.fault({ method: 'DELETE', path, times, does: { answer: { status: 405 } } });
  refuse(/manifests\/stable/);
  server.fault({ method: 'PUT', path: /manifests\/stable/, times: 3, does: { answer: { status: 412 } } });
  await assert.rejects(deleteReference({ reference }, site.context), {
    code: 'MANAGER_TAG_CONTESTED',
    exitCode: 11,
    message: /stable/,
  });
  assert.equal(server.model.repository(REPOSITORY).tags.get('stable'), digest, 'it leads where it led');
  const roundabout = await deleteReference({ reference }, site.context);
  assert.deepEqual(roundabout.deleted, [`${server.host}/${REPOSITORY}:stable`]);
  assert.deepEqual([...server.model.repository(REPOSITORY).tags.keys()].includes('stable'), false);
  server.clearFaults();
  await setTags(
    { reference: parseReference(`${server.host}/${REPOSITORY}:1.0.0`) as RemoteReference, tags: ['stable'] },
    site.context,
  );
  refuse(/manifests/);
  await assert.rejects(removeTags({ reference, tags: ['stable'] }, site.context), {
    code: 'OCI_REMOTE_DELETE_DISABLED',
  });
  assert.equal(
    server.model.repository(REPOSITORY).tags.get('stable'),
    digest,
    'nothing moves where nothing is deleted',
  );
  server.clearFaults();
  refuse(/manifests/);
  await assert.rejects(deleteReference({ reference, withReferrers: true }, site.context), {
    code: 'OCI_REMOTE_DELETE_DISABLED',
  });
  server.clearFaults();
  const plan = await planDelete({ reference, withReferrers: true }, site.context);
  assert.deepEqual([plan.what, plan.tags, plan.digest], ['manifest', ['1.0.0', 'stable'], digest]);
  const { deleted } = await deleteReference({ reference, withReferrers: true }, site.context);
  assert.ok(deleted.length >= 5, deleted.join());
  const left = server.model.repository(REPOSITORY);
  assert.deepEqual([...left.tags.keys()], ['_index']);
  const index = await rebuildIndex(reference, site.context);
  assert.deepEqual([index.changed, index.dropped], [false, []], 'the version left the index with its tag');
  assert.deepEqual(await deleteReference({ reference }, site.context).then((each) => each.what), 'nothing');
});

test('only what names the deleted manifest itself goes with it, whatever lists and side tags say', async (t) => {
  const { publish, server, site } = await bench(t);
  const { digest } = await publish();
  const other = (await publish({ ...REDIS, version: '2.0.0' })).digest;
  const { model } = server;
  const repository = model.repository(REPOSITORY);
  const put = (body: Record<string, unknown>, tag?: string) =>
    model.putManifest(REPOSITORY, {
      type: MEDIA.ociManifest,
      bytes: Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: MEDIA.ociManifest,
          config: { mediaType: MEDIA.ociEmpty, digest: EMPTY, size: 2 },
          layers: [],
          ...body,
        }),
      ),
      ...(tag === undefined ? {} : { tag }),
    });
  const describe = (of: string) => {
    const { bytes, type } = repository.manifests.get(of)!;
    return { mediaType: type, digest: of, size: bytes.length };
  };
  const EMPTY = model.putBlob(REPOSITORY, Buffer.from('{}'));
  const own = put({ subject: describe(digest), artifactType: 'application/x.own' });
  const second = put({ subject: describe(own), artifactType: 'application/x.second' });
  const tagged = put({ subject: describe(digest), artifactType: 'application/x.tagged' }, 'keep');
  const foreign = put({ subject: describe(other), artifactType: 'application/x.foreign' });
  const child = put({ artifactType: 'application/x.child' });
  const layers = [{ mediaType: MEDIA.simpleSigning, digest: EMPTY, size: 2 }];
  const signature = put({ layers });
  const side = (suffix: string, target: string) =>
    repository.tags.set(`${digest.replace(':', '-')}.${suffix}`, target);
  side('sig', signature);
  side('att', other);
  side('sbom', child);
  // Lists that name each other, another version, and what belongs to it.
  const list = (of: string, ...entries: string[]) =>
    server.fault({
      path: new RegExp(`/referrers/${of}`),
      times: 100,
      does: {
        answer: {
          status: 200,
          headers: { 'content-type': MEDIA.ociIndex },
          body: Buffer.from(
            JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests: entries.map(describe) }),
          ),
        },
      },
    });
  list(digest, own, tagged, foreign, other, digest);
  list(own, second, own, digest);
  list(second, own, second);
  list(foreign, own);
  const reference = parseReference(`${server.host}/${REPOSITORY}:1.0.0`) as RemoteReference;
  const plan = await planDelete({ reference, withReferrers: true }, site.context);
  const tag = (suffix: string) => `${digest.replace(':', '-')}.${suffix}`;
  assert.deepEqual(plan.referrers, [second, own, tag('att'), tag('sbom'), tag('sig'), signature]);
  assert.deepEqual(plan.kept.map(({ what }) => what).sort(), [tagged, foreign, other, child].sort());
  assert.match(plan.kept.find(({ what }) => what === tagged)!.reason, /the tag keep leads to it/);
  await deleteReference({ reference, withReferrers: true, plan }, site.context);
  assert.deepEqual([...repository.tags.keys()].sort(), ['2.0.0', '_index', 'keep']);
  for (const each of [tagged, foreign, other, child]) assert.ok(repository.manifests.has(each), each);
  for (const each of [digest, own, second, signature]) assert.ok(!repository.manifests.has(each), each);
});

test('what was confirmed is deleted, or nothing', async (t) => {
  const { publish, server, site } = await bench(t);
  const { digest } = await publish(REDIS, { tags: ['stable'] });
  const other = (await publish({ ...REDIS, version: '2.0.0' })).digest;
  const { tags, manifests } = server.model.repository(REPOSITORY);
  const at = (text: string) => parseReference(`${server.host}/${REPOSITORY}${text}`) as RemoteReference;
  const outdated = { code: 'MANAGER_DELETE_OUTDATED', message: /nothing was deleted/, exitCode: 11 };
  const plans = [
    { reference: at(':stable') },
    { reference: at(':stable'), withReferrers: true },
    { reference: at(`@${digest}`) },
  ];
  for (const options of plans) {
    const plan = await planDelete(options, site.context);
    tags.set('stable', other);
    await assert.rejects(deleteReference({ ...options, plan }, site.context), outdated);
    tags.set('stable', digest);
    tags.set('prod', digest);
    if (options !== plans[0])
      await assert.rejects(deleteReference({ ...options, plan }, site.context), {
        ...outdated,
        message: /the tag prod leads to .* now, which was not shown/,
      });
    tags.delete('prod');
  }
  assert.deepEqual([tags.get('stable'), tags.get('1.0.0')], [digest, digest]);
  // Moved after the first look: what is gone is told.
  const reference = at(`@${digest}`);
  const plan = await planDelete({ reference }, site.context);
  server.fault({
    method: 'DELETE',
    path: /manifests\/1\.0\.0/,
    does: {
      change: () => {
        tags.set('stable', other);
      },
    },
  });
  await assert.rejects(deleteReference({ reference, plan }, site.context), {
    code: 'MANAGER_DELETE_OUTDATED',
    message: /deleted so far: \S+:1\.0\.0/,
  });
  assert.ok(manifests.has(digest));
});

test('a tag that could not be removed leads where it led', async (t) => {
  const { publish, server, site } = await bench(t);
  const { digest } = await publish(REDIS, { tags: ['stable'] });
  const { tags } = server.model.repository(REPOSITORY);
  const reference = parseReference(`${server.host}/${REPOSITORY}:stable`) as RemoteReference;
  const refuse = (last: { status: number }) => {
    server.clearFaults();
    server.fault({ method: 'DELETE', path: /manifests\/stable/, does: { answer: { status: 405 } } });
    server.fault({
      method: 'DELETE',
      path: /manifests\/sha256/,
      after: 1,
      times: 100,
      does: { answer: last },
    });
  };
  refuse({ status: 403 });
  await assert.rejects(removeTags({ reference, tags: ['stable'] }, site.context), {
    code: 'OCI_AUTH_FORBIDDEN',
  });
  assert.equal(tags.get('stable'), digest, 'led back');
  refuse({ status: 403 });
  server.fault({
    method: 'PUT',
    path: /manifests\/stable/,
    after: 1,
    times: 100,
    does: { answer: { status: 403 } },
  });
  await assert.rejects(removeTags({ reference, tags: ['stable'] }, site.context), {
    code: 'MANAGER_TAG_ASTRAY',
    hint: new RegExp(`prov ext tag \\S+@${digest} stable`),
  });
});

test('channels move and go; versions are neither moved nor taken away like that', async (t) => {
  const { publish, server, site } = await bench(t);
  await publish();
  await publish({ ...REDIS, version: '1.1.0' });
  const at = (tag: string) => parseReference(`${server.host}/${REPOSITORY}:${tag}`) as RemoteReference;
  const first = await setTags({ reference: at('1.0.0'), tags: ['stable', 'edge'] }, site.context);
  assert.deepEqual([first.set, first.unchanged], [['stable', 'edge'], []]);
  const second = await setTags({ reference: at('1.1.0'), tags: ['stable', '1.1.0'] }, site.context);
  assert.deepEqual([second.set, second.unchanged], [['stable'], ['1.1.0']]);
  for (const [from, tag, code] of [
    ['1.1.0', '1.0.0', 'MANAGER_CONTENT_MISNAMED'],
    ['1.1.0', '_index', 'SCHEMAS_NAME_INVALID'],
  ] as const)
    await assert.rejects(setTags({ reference: at(from), tags: [tag] }, site.context), { code });
  const removed = await removeTags({ reference: at('edge'), tags: ['edge', 'gone'] }, site.context);
  assert.deepEqual([removed.removed, removed.absent], [['edge'], ['gone']]);
  await assert.rejects(removeTags({ reference: at('1.0.0'), tags: ['1.0.0'] }, site.context), {
    code: 'SCHEMAS_NAME_INVALID',
  });
});
