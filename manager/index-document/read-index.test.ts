import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { digestOf } from '#base';
import { anonymousCredentials, createRemoteRegistry, type RemoteRegistry } from '#oci';
import { type IndexDocument, type IndexEntry, MEDIA } from '#schemas';
import { type FaultRegistry, startFaultRegistry } from '../../test/fault-registry/index.js';
import { NAMESPACE, openSite } from '../../test/manager/site.js';
import { INDEX_TAG, readIndexArtifact, replaceIndexArtifact } from './index-artifact.js';
import { joinIndex } from './join-index.js';
import { parseIndex } from './parse-index.js';
import { readIndex } from './read-index.js';

function clientFor(t: TestContext, host: string): RemoteRegistry {
  const registry = createRemoteRegistry({
    registry: host,
    credentials: anonymousCredentials,
    retry: { attempts: 2, baseDelayMs: 2, maxDelayMs: 5 },
    env: {},
  });
  t.after(() => registry.close());
  return registry;
}

async function plain(t: TestContext): Promise<{ server: FaultRegistry; registry: RemoteRegistry }> {
  const server = await startFaultRegistry();
  t.after(() => server.close());
  return { server, registry: clientFor(t, server.host) };
}

function entry(version: string, more: Partial<IndexEntry> = {}): IndexEntry {
  return {
    version,
    digest: digestOf(version),
    size: 10,
    kind: 'taskserv',
    deps: {} as IndexEntry['deps'],
    state: 'active',
    ...more,
  };
}

const document = (entries: readonly IndexEntry[], repository = 'ns/app'): IndexDocument => ({
  v: 1,
  repository,
  entries: [...entries],
});

test('our registry answers with its index, says when it is unchanged, and knows what it has not', async (t) => {
  const site = await openSite(t);
  await site.publish({ name: 'redis', version: '1.0.0' });
  const registry = clientFor(t, site.registry);
  const first = await readIndex(registry, `${NAMESPACE}/redis`);
  assert.ok(first?.unchanged === false && first.from === 'endpoint' && first.etag !== undefined);
  assert.deepEqual(
    first.document.entries.map(({ version, kind }) => [version, kind]),
    [['1.0.0', 'taskserv']],
  );
  const again = await readIndex(registry, `${NAMESPACE}/redis`, { etag: first.etag });
  assert.deepEqual(again, { from: 'endpoint', unchanged: true, etag: first.etag });
  assert.equal(await readIndex(registry, `${NAMESPACE}/none`), undefined);
});

test('elsewhere the index is the artifact under _index, and the endpoint is asked for once', async (t) => {
  const { server, registry } = await plain(t);
  const repository = registry.repository('ns/app');
  assert.equal(await readIndex(registry, 'ns/app'), undefined);
  assert.equal(await replaceIndexArtifact(repository, document([entry('1.0.0')]), undefined), true);
  const answer = await readIndex(registry, 'ns/app');
  assert.ok(answer?.unchanged === false && answer.from === 'artifact');
  assert.deepEqual(answer.document.entries, [entry('1.0.0')]);
  assert.equal(server.count('GET', /^\/api\//), 1);
  const stored = await repository.fetchManifest(INDEX_TAG);
  assert.equal(JSON.parse(Buffer.from(stored.bytes).toString()).artifactType, MEDIA.index);
});

test('an _index that was changed meanwhile is not overwritten', async (t) => {
  const { registry } = await plain(t);
  const repository = registry.repository('ns/app');
  await replaceIndexArtifact(repository, document([entry('1.0.0')]), undefined);
  const before = await readIndexArtifact(repository);
  assert.ok(before);
  assert.equal(await replaceIndexArtifact(repository, document([entry('2.0.0')]), before.state), true);
  assert.equal(await replaceIndexArtifact(repository, document([entry('3.0.0')]), before.state), false);
  assert.equal(await replaceIndexArtifact(repository, document([entry('4.0.0')]), undefined), false);
  assert.deepEqual((await readIndexArtifact(repository))?.document.entries, [entry('2.0.0')]);
});

test('whatever else is at the endpoint or under _index counts as no index', async (t) => {
  const { server, registry } = await plain(t);
  const repository = registry.repository('ns/app');
  const page = { 'content-type': 'text/html' };
  server.fault({
    path: /^\/api\//,
    times: 1,
    does: { answer: { status: 200, headers: page, body: Buffer.from('<html>') } },
  });
  assert.equal(await readIndex(registry, 'ns/app'), undefined);
  await replaceIndexArtifact(repository, document([entry('1.0.0')], 'ns/other'), undefined);
  assert.equal(await readIndex(registry, 'ns/app'), undefined);
  const broken = clientFor(t, server.host);
  server.fault({ path: /^\/api\//, times: 9, does: { answer: { status: 503 } } });
  assert.equal(await readIndex(broken, 'ns/app'), undefined);
  server.model.putManifest('ns/app', {
    type: MEDIA.ociManifest,
    bytes: Buffer.from(JSON.stringify({ schemaVersion: 2, config: {}, layers: [] })),
    tag: INDEX_TAG,
  });
  assert.equal(await readIndex(registry, 'ns/app'), undefined);
});

test('an abort is an abort and not a missing index', async (t) => {
  const { server, registry } = await plain(t);
  server.fault({ path: /^\/api\//, does: { hang: true } });
  const abort = new AbortController();
  const asked = readIndex(registry, 'ns/app', { signal: abort.signal });
  setTimeout(() => abort.abort(new Error('enough')), 20);
  await assert.rejects(asked, /enough/);
});

test('entries of a later prov and versions told twice differently are left out, the rest is kept', () => {
  const entries = [
    entry('1.0.0'),
    { ...entry('2.0.0'), state: 'haunted' },
    entry('3.0.0'),
    entry('3.0.0', { digest: digestOf('another') }),
    { ...entry('4.0.0'), later: { anything: 1 } },
    { ...entry('v5') },
  ];
  const bytes = Buffer.from(JSON.stringify({ v: 1, repository: 'ns/app', entries, later: true }));
  assert.deepEqual(
    parseIndex(bytes, 'ns/app', 'here').entries.map(({ version }) => version),
    ['1.0.0', '4.0.0'],
  );
  for (const wrong of ['', '[]', '{"v":2}', '{"v":1,"repository":"ns/app","entries":7}'])
    assert.throws(() => parseIndex(Buffer.from(wrong), 'ns/app', 'here'), { code: 'SCHEMAS_WIRE_INVALID' });
});

test('tags decide what exists: missing entries are named, entries without a tag dropped, other tags counted', () => {
  const index = document([entry('1.0.0'), entry('2.0.0+b'), entry('9.0.0')]);
  const side = `sha256-${'a'.repeat(64)}`;
  const joined = joinIndex(index, ['1.0.0', '2.0.0_b', '1.5.0', 'latest', '_index', side, `${side}.sig`]);
  assert.deepEqual(
    joined.entries.map(({ version }) => version),
    ['2.0.0+b', '1.0.0'],
  );
  assert.deepEqual(joined.unlisted, ['1.5.0']);
  assert.deepEqual(joined.dropped, ['9.0.0']);
  assert.deepEqual(joined.otherTags, ['latest']);
  assert.deepEqual(joinIndex(undefined, ['1.0.0']).unlisted, ['1.0.0']);
});
