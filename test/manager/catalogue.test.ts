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
