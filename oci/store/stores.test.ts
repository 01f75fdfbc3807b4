import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { digestOf } from '#base';
import { ANNOTATION, type Descriptor, MEDIA } from '#schemas';
import { attachArtifact } from '../attach.js';
import type { ContentStore } from '../content-store.js';
import { bytesSource, fetchBytes } from '../fetch-bytes.js';
import { describeBytes, EMPTY_BYTES, EMPTY_DESCRIPTOR, encodeManifest } from '../manifest-codec.js';
import { encodeTarHeader } from '../tar/tar-header.js';
import { failingFileSystem } from '../testing/failing-file-system.js';
import { rawTar } from '../testing/raw-tar.js';
import { temporaryDirectory } from '../testing/temporary-tree.js';
import { cachedStore } from './cached-store.js';
import { openContentCache } from './content-cache.js';
import { openOciLayout } from './layout-directory.js';
import { openOciLayoutTar } from './layout-tar-reader.js';
import { createLayoutTarWriter } from './layout-tar-writer.js';
import { createMemoryStore } from './memory-store.js';

const blob = Buffer.from('some content');
const descriptor: Descriptor = { mediaType: MEDIA.octetStream, digest: digestOf(blob), size: blob.length };

async function pushManifest(store: ContentStore, text: string): Promise<Descriptor> {
  const layer = describeBytes(Buffer.from(text), MEDIA.octetStream);
  const bytes = encodeManifest({
    schemaVersion: 2,
    artifactType: 'application/x',
    config: EMPTY_DESCRIPTOR,
    layers: [layer],
  });
  await store.push(EMPTY_DESCRIPTOR, bytesSource(EMPTY_BYTES));
  await store.push(layer, bytesSource(Buffer.from(text)));
  const manifest = describeBytes(bytes, MEDIA.ociManifest);
  await store.push(manifest, bytesSource(bytes));
  return manifest;
}

const kinds: Record<string, (t: TestContext) => Promise<ContentStore>> = {
  memory: async () => createMemoryStore(),
  'layout directory': async (t) =>
    (await openOciLayout(join(temporaryDirectory(t), 'l'))).repository('ns/app'),
  'layout with bare tags': async (t) =>
    (await openOciLayout(join(temporaryDirectory(t), 'l'))).repository(''),
};
for (const [kind, create] of Object.entries(kinds)) {
  test(`${kind}: content is there after a push and missing before`, async (t) => {
    const store = await create(t);
    assert.equal(await store.exists(descriptor), false);
    await assert.rejects(fetchBytes(store, descriptor), { code: 'OCI_CONTENT_MISSING' });
    await store.push(descriptor, bytesSource(blob));
    await store.push(descriptor, bytesSource(blob));
    assert.equal(await store.exists(descriptor), true);
    assert.deepEqual(Buffer.from(await fetchBytes(store, descriptor)), blob);
  });

  test(`${kind}: wrong content is refused and not kept`, async (t) => {
    const store = await create(t);
    await assert.rejects(store.push(descriptor, bytesSource(Buffer.from('some CONTENT'))), {
      code: 'OCI_DIGEST_MISMATCH',
    });
    await assert.rejects(store.push(descriptor, bytesSource(Buffer.from('some'))), {
      code: 'OCI_SIZE_MISMATCH',
    });
    await assert.rejects(store.push(descriptor, bytesSource(Buffer.from('some content and more'))), {
      code: 'OCI_SIZE_MISMATCH',
    });
    assert.equal(await store.exists(descriptor), false);
  });

  test(`${kind}: tags resolve, list sorted, and versions do not move`, async (t) => {
    const store = await create(t);
    const [first, second] = [await pushManifest(store, 'one'), await pushManifest(store, 'two')];
    await store.tag(second, '2.0.0');
    await store.tag(first, '1.0.0');
    await store.tag(first, '1.0.0');
    await store.tag(first, 'latest');
    await store.tag(second, 'latest');
    assert.deepEqual(await store.list(), ['1.0.0', '2.0.0', 'latest']);
    assert.equal((await store.resolve('latest')).digest, second.digest);
    assert.deepEqual(await store.resolve(first.digest), first);
    await assert.rejects(store.tag(second, '1.0.0'), { code: 'OCI_TAG_CONFLICT' });
    await assert.rejects(store.resolve('3.0.0'), { code: 'OCI_REFERENCE_NOT_FOUND' });
    await assert.rejects(store.resolve(digestOf('no')), { code: 'OCI_REFERENCE_NOT_FOUND' });
    await assert.rejects(store.tag(descriptor, 'x'), { code: 'OCI_CONTENT_MISSING' });
  });

  test(`${kind}: referrers are found by subject and type, sorted by digest`, async (t) => {
    const store = await create(t);
    const subject = await pushManifest(store, 'one');
    assert.deepEqual(await store.referrers(subject), []);
    const annotations = { a: 'b' };
    const sbom = await attachArtifact(store, { subject, artifactType: 'application/spdx+json', annotations });
    const other = await attachArtifact(store, { subject, artifactType: 'application/y' });
    assert.deepEqual(await store.referrers(subject, 'application/spdx+json'), [sbom]);
    const digests = (await store.referrers(subject)).map((each) => each.digest);
    assert.deepEqual(digests, [sbom.digest, other.digest].sort());
  });
}

test('layout: many writers at once lose nothing', async (t) => {
  const directory = join(temporaryDirectory(t), 'l');
  const layouts = [await openOciLayout(directory), await openOciLayout(directory)];
  await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const store = layouts[i % 2]!.repository(`ns/app${i % 3}`);
      await store.tag(await pushManifest(store, `content ${i}`), `1.0.${i}`);
    }),
  );
  const names = await layouts[0]!.repositories();
  assert.deepEqual(names, ['ns/app0', 'ns/app1', 'ns/app2']);
  const tags = await Promise.all(names.map((name) => layouts[1]!.repository(name).list()));
  assert.equal(tags.flat().length, 20);
  assert.equal(readFileSync(join(directory, 'oci-layout'), 'utf8'), '{"imageLayoutVersion":"1.0.0"}');
  assert.deepEqual(readdirSync(directory).sort(), ['blobs', 'index.json', 'oci-layout']);
});

test('layout: who leaves does not end a push for those who push the same content, and all hear of it', async (t) => {
  const layout = await openOciLayout(join(temporaryDirectory(t), 'l'));
  const store = layout.repository('ns/app');
  let goOn = () => {};
  const waited = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  async function* slowly() {
    yield blob.subarray(0, 5);
    await waited;
    yield blob.subarray(5);
  }
  const [first, second] = [new AbortController(), new AbortController()];
  const heard: number[] = [];
  const leaving = store.push(descriptor, slowly, { signal: first.signal });
  const impatient = store.push(descriptor, bytesSource(blob), { signal: second.signal });
  const staying = store.push(descriptor, bytesSource(blob), { onProgress: ({ done }) => heard.push(done) });
  second.abort(new Error('the second one left'));
  await assert.rejects(impatient, /the second one left/);
  first.abort(new Error('the first one left'));
  goOn();
  await assert.rejects(leaving, /the first one left/);
  await staying;
  assert.deepEqual(Buffer.from(await fetchBytes(store, descriptor)), blob);
  assert.equal(heard.at(-1), blob.length);
});

test('layout: a directory written by oras, with bare tags, is one repository under any name', async (t) => {
  const directory = join(temporaryDirectory(t), 'l');
  const store = (await openOciLayout(directory)).repository('');
  const manifest = await pushManifest(store, 'one');
  await store.tag(manifest, 'v1');
  mkdirSync(join(directory, 'ingest'));
  const layout = await openOciLayout(directory);
  assert.deepEqual(await layout.repositories(), ['']);
  assert.equal((await layout.repository('any/thing').resolve('v1')).digest, manifest.digest);
  assert.match(
    readFileSync(join(directory, 'index.json'), 'utf8'),
    /"org.opencontainers.image.ref.name":"v1"/,
  );
});

test('layout: names behind a registry host are read without it', async (t) => {
  const directory = join(temporaryDirectory(t), 'l');
  const manifest = await pushManifest((await openOciLayout(directory)).repository(''), 'one');
  const annotations = { [ANNOTATION.refName]: 'registry.example:5000/ns/app:1.0.0' };
  writeFileSync(
    join(directory, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  );
  const layout = await openOciLayout(directory);
  assert.deepEqual(await layout.repositories(), ['ns/app']);
  assert.deepEqual(await layout.repository('ns/app').list(), ['1.0.0']);
});

test('layout: other directories and damaged indexes are refused', async (t) => {
  const directory = temporaryDirectory(t);
  await assert.rejects(openOciLayout(join(directory, 'new'), { create: false }), {
    code: 'OCI_LAYOUT_INVALID',
  });
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"9"}');
  await assert.rejects(openOciLayout(directory), { code: 'OCI_LAYOUT_INVALID' });
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const layout = await openOciLayout(directory);
  await assert.rejects(layout.repositories(), { code: 'OCI_LAYOUT_INVALID' });
  writeFileSync(join(directory, 'index.json'), '{"schemaVersion":2}');
  await assert.rejects(layout.repositories(), { code: 'SCHEMAS_WIRE_INVALID' });
});

test('layout: a blob changed on disk is refused when read', async (t) => {
  const directory = join(temporaryDirectory(t), 'l');
  const store = (await openOciLayout(directory)).repository('ns/app');
  await store.push(descriptor, bytesSource(blob));
  const path = join(directory, 'blobs/sha256', descriptor.digest.slice(7));
  chmodSync(path, 0o644);
  writeFileSync(path, 'some CONTENT');
  await assert.rejects(fetchBytes(store, descriptor), { code: 'OCI_DIGEST_MISMATCH' });
});

test('layout: a disk that fills up at any step leaves no partial file and a readable index', async (t) => {
  const directory = join(temporaryDirectory(t), 'l');
  await openOciLayout(directory);
  for (let step = 1; step < 60; step += 1) {
    const { fileSystem, steps } = failingFileSystem(step);
    const store = (await openOciLayout(directory, { fileSystem })).repository('ns/app');
    const pushed = pushManifest(store, `content ${step}`).then((manifest) =>
      store.tag(manifest, `1.0.${step}`),
    );
    const failed = await pushed.then(
      () => undefined,
      (error: unknown) => error,
    );
    const left = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.includes('.tmp'),
    );
    assert.deepEqual(left, []);
    if (failed === undefined) {
      assert.ok(step > steps());
      return;
    }
    assert.equal((failed as { code?: string }).code, 'BASE_DISK_FULL');
    const seen = (await openOciLayout(directory)).repository('ns/app');
    for (const tag of await seen.list()) await fetchBytes(seen, await seen.resolve(tag));
  }
  assert.fail('no step without a failure');
});

test('cache: content is kept by digest, found damaged, and cleaned', async (t) => {
  const cache = await openContentCache(join(temporaryDirectory(t), 'cache'));
  assert.equal(await cache.path(descriptor.digest), undefined);
  await assert.rejects(cache.put(descriptor, bytesSource(Buffer.from('some CONTENT'))), {
    code: 'OCI_DIGEST_MISMATCH',
  });
  await assert.rejects(cache.put(descriptor, bytesSource(Buffer.from('so'))), { code: 'OCI_SIZE_MISMATCH' });
  assert.equal(await cache.has(descriptor.digest), false);
  await cache.put(descriptor, bytesSource(blob));
  await cache.put(EMPTY_DESCRIPTOR, bytesSource(EMPTY_BYTES));
  const nothing = describeBytes(new Uint8Array(0), MEDIA.octetStream);
  await cache.put(nothing, bytesSource(new Uint8Array(0)));
  assert.equal((await cache.list()).length, 3);
  const path = (await cache.path(descriptor.digest))!;
  assert.deepEqual(readFileSync(path), blob);
  // A manifest of somebody else may name the content with a wrong size: that takes nothing from the others.
  assert.equal(await cache.get({ ...descriptor, size: descriptor.size + 1 }), undefined);
  assert.equal(await cache.has(descriptor.digest), true);
  chmodSync(path, 0o644);
  writeFileSync(path, 'some CONTENT');
  assert.equal(await cache.path(descriptor.digest), undefined);
  await cache.put(descriptor, bytesSource(blob));
  assert.deepEqual(readFileSync((await cache.path(descriptor.digest))!), blob);
  await cache.remove(nothing.digest);
  assert.equal((await cache.list()).length, 2);
  assert.ok((await cache.clean({ maxBytes: 0 })).freedBytes > 0);
  assert.deepEqual(await cache.list(), []);
  assert.equal(await cache.has(descriptor.digest), false);
});

test('cache: a store behind it is asked once for content, and not at all offline', async (t) => {
  const cache = await openContentCache(join(temporaryDirectory(t), 'cache'));
  const store = createMemoryStore();
  await store.push(descriptor, bytesSource(blob));
  let asked = 0;
  const counted: ContentStore = {
    ...store,
    fetch: (...args) => {
      asked += 1;
      return store.fetch(...args);
    },
  };
  await assert.rejects(fetchBytes(cachedStore(counted, cache, { offline: true }), descriptor), {
    code: 'OCI_CONTENT_MISSING',
  });
  for (let i = 0; i < 3; i += 1)
    assert.deepEqual(Buffer.from(await fetchBytes(cachedStore(counted, cache), descriptor)), blob);
  assert.equal(asked, 1);
  await fetchBytes(cachedStore(counted, cache, { offline: true }), descriptor);
  assert.equal(asked, 1);
});

test('tar writer: a disk that fills up leaves no file', async (t) => {
  const directory = temporaryDirectory(t);
  // It is opened, written, synced and renamed.
  for (let step = 1; step <= 4; step += 1) {
    const { fileSystem } = failingFileSystem(step);
    const writer = createLayoutTarWriter(join(directory, 'b.tar'), { fileSystem });
    await pushManifest(writer.repository('ns/app'), 'one');
    await assert.rejects(writer.finish(), { code: 'BASE_DISK_FULL' });
    assert.deepEqual(readdirSync(directory), []);
  }
});

test('tar reader: a blob of 9 GiB in front does not hide what follows', async (t) => {
  const path = join(temporaryDirectory(t), 'big.tar');
  const size = 9 * 1024 ** 3;
  const start = rawTar([
    { path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { path: 'index.json', content: '{"schemaVersion":2,"manifests":[]}' },
  ]).subarray(0, -1024);
  const big = { mediaType: MEDIA.octetStream, digest: digestOf('big'), size };
  const header = encodeTarHeader({
    path: `blobs/sha256/${digestOf('big').slice(7)}`,
    type: 'file',
    mode: 0o644,
    size,
    mtime: 0,
  })!;
  const end = rawTar([{ path: `blobs/sha256/${descriptor.digest.slice(7)}`, content: blob }]);
  const fd = openSync(path, 'w');
  writeSync(fd, Buffer.concat([start, header]), 0, undefined, 0);
  writeSync(fd, end, 0, undefined, start.length + header.length + size);
  ftruncateSync(fd, start.length + header.length + size + end.length);
  closeSync(fd);
  const tar = await openOciLayoutTar(path);
  t.after(() => tar.close());
  const store = tar.repository('ns/app');
  assert.equal(await store.exists(big), true);
  assert.deepEqual(Buffer.from(await fetchBytes(store, descriptor)), blob);
});
