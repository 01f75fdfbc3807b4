import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { digestOf } from '#base';
import { createMemoryStore, createRemoteRegistry, describeBytes } from '#oci';
import { MEDIA } from '#schemas';
import { startFaultRegistry } from '../../test/fault-registry/index.js';
import type { ManagerContext } from '../context.js';
import { reportTransfer } from '../transfer/report-transfer.js';
import { runCopy } from './run-copy.js';

const COUNT = 10;

/** Artifacts of one shared and one own blob each. */
async function setUp(t: TestContext) {
  const server = await startFaultRegistry();
  t.after(() => server.close());
  const registry = createRemoteRegistry({
    registry: server.host,
    env: {},
    retry: { attempts: 2, baseDelayMs: 2, maxDelayMs: 9 },
  });
  t.after(() => registry.close());
  const source = createMemoryStore();
  const put = async (bytes: Buffer, mediaType: string) => {
    const descriptor = describeBytes(bytes, mediaType);
    await source.push(descriptor, async function* once() {
      yield bytes;
    });
    return descriptor;
  };
  const config = await put(Buffer.from('{}'), MEDIA.ociEmpty);
  for (let i = 0; i < COUNT; i += 1) {
    const layer = await put(Buffer.from(`layer ${i}`), MEDIA.octetStream);
    const body = { schemaVersion: 2, mediaType: MEDIA.ociManifest, config, layers: [layer] };
    await source.tag(await put(Buffer.from(JSON.stringify(body)), MEDIA.ociManifest), `1.0.${i}`);
  }
  const context: ManagerContext = { provVersion: '0', env: {}, cwd: '/' };
  const target = registry.repository('ns/app');
  const copy = (keepGoing = false) =>
    runCopy(
      Array.from({ length: COUNT }, (_, i) => ({ source, target, from: `1.0.${i}`, tag: `1.0.${i}` })),
      { referrers: true, keepGoing, report: reportTransfer(context, 'copy') },
      context,
    );
  return { server, source, target, copy };
}

test('many things into a repository without tags: nothing small is asked for, all of it arrives once', async (t) => {
  const { server, copy } = await setUp(t);
  const first = await copy();
  assert.deepEqual([first.failed, first.tagged.length], [0, COUNT]);
  const { blobs, manifests, tags } = server.model.repository('ns/app');
  assert.deepEqual([blobs.size, manifests.size, tags.size], [COUNT + 1, COUNT, COUNT]);
  assert.equal(server.count('PUT', /blobs/), COUNT + 1, 'the shared blob is sent once');
  assert.ok(server.count('HEAD', /blobs/) < COUNT);
  assert.equal(server.count('PUT', /manifests/), COUNT);

  const writes = () => server.seen.filter(({ method }) => !['GET', 'HEAD'].includes(method)).length;
  const before = writes();
  const again = await copy();
  assert.deepEqual([again.copied, writes()], [0, before], 'what is there is asked for and not sent again');
});

test('a tag that somebody sets while many things are copied is not replaced', async (t) => {
  const { server, target, copy } = await setUp(t);
  const theirs = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA.ociManifest,
      config: { mediaType: MEDIA.ociEmpty, digest: digestOf('{}'), size: 2 },
      layers: [],
    }),
  );
  // The list of tags is empty, and wrong by the time that the first is set.
  server.fault({ method: 'GET', path: /tags\/list/, times: 1, does: { answer: { status: 404 } } });
  const config = describeBytes(Buffer.from('{}'), MEDIA.ociEmpty);
  await target.push(config, async function* once() {
    yield Buffer.from('{}');
  });
  const { digest } = await target.pushManifest(theirs, MEDIA.ociManifest, { tags: ['1.0.3'] });
  const summary = await copy(true);
  assert.deepEqual(
    summary.items.filter(({ error }) => error !== undefined).map(({ error }) => error?.code),
    ['OCI_TAG_CONFLICT'],
  );
  assert.equal(server.model.repository('ns/app').tags.get('1.0.3'), digest);
});
