import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rebuildIndex } from '#manager';
import { MEDIA, parseReference } from '#schemas';
import { bench, indexOf, REDIS, REPOSITORY } from './publish-bench.js';

test('an index is made anew from tags and manifests, keeps what only it knew, and says what it left out', async (t) => {
  const { publish, client, server, site } = await bench(t);
  const reference = parseReference(`${server.host}/${REPOSITORY}:1.0.0`);
  assert.ok(reference.type === 'remote');
  await assert.rejects(rebuildIndex(reference, site.context), { code: 'MANAGER_PACKAGE_UNKNOWN' });
  await publish();
  const [first] = (await indexOf(client)).entries;
  server.fault({ method: 'PUT', path: /_index/, times: 100, does: { answer: { status: 403 } } });
  await publish({ ...REDIS, version: '1.1.0' });
  server.clearFaults();
  const image = { schemaVersion: 2, mediaType: MEDIA.ociManifest, config: null, layers: [] };
  const bytes = Buffer.from(JSON.stringify(image));
  server.model.putManifest(REPOSITORY, { type: MEDIA.ociManifest, bytes, tag: '9.0.0' });
  const result = await rebuildIndex(reference, site.context);
  assert.deepEqual(
    [result.by, result.versions, result.added, result.dropped, result.changed],
    ['artifact', 2, ['1.1.0'], [], true],
  );
  assert.deepEqual(
    result.skipped.map(({ version }) => version),
    ['9.0.0'],
  );
  assert.equal((await indexOf(client)).entries[0]?.publishedAt, first?.publishedAt);
  assert.equal((await rebuildIndex(reference, site.context)).changed, false);
  server.model.repository(REPOSITORY).tags.delete('1.0.0');
  assert.deepEqual((await rebuildIndex(reference, site.context)).dropped, ['1.0.0']);
});

test('a registry that fails makes no index poorer', async (t) => {
  const { publish, client, server, site } = await bench(t);
  const reference = parseReference(`${server.host}/${REPOSITORY}:1.0.0`);
  assert.ok(reference.type === 'remote');
  await publish();
  await publish({ ...REDIS, version: '1.1.0' });
  const before = await indexOf(client);
  for (const [path, status, code] of [
    [/manifests\/1\.0\.0/, 403, 'OCI_AUTH_FORBIDDEN'],
    [/manifests\/_index/, 403, 'OCI_AUTH_FORBIDDEN'],
    [/blobs\//, 418, 'OCI_REMOTE_REFUSED'],
  ] as const) {
    server.fault({ path, times: 100, does: { answer: { status } } });
    await assert.rejects(rebuildIndex(reference, site.context), { code });
    server.clearFaults();
    assert.deepEqual(await indexOf(client), before);
  }
});

test('an index that others write all the time is given up', async (t) => {
  const { publish, server, site } = await bench(t);
  const reference = parseReference(`${server.host}/${REPOSITORY}:1.0.0`);
  assert.ok(reference.type === 'remote');
  await publish();
  server.model.repository(REPOSITORY).tags.delete('_index');
  server.fault({ method: 'PUT', path: /_index/, times: 100, does: { answer: { status: 412 } } });
  await assert.rejects(rebuildIndex(reference, site.context), {
    code: 'MANAGER_INDEX_CONTESTED',
    exitCode: 11,
  });
});
