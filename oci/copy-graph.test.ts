import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Digest, digestFile, digestOf } from '#base';
import { type Descriptor, type ImageManifest, MEDIA } from '#schemas';
import { attachArtifact } from './attach.js';
import type { ContentStore } from './content-store.js';
import { type CopyEvent, copyGraph } from './copy-graph.js';
import { bytesSource, fetchBytes } from './fetch-bytes.js';
import {
  describeBytes,
  EMPTY_BYTES,
  EMPTY_DESCRIPTOR,
  encodeIndex,
  encodeManifest,
} from './manifest-codec.js';
import { referrersTag, sideTag } from './referrers-tag.js';
import { openOciLayout } from './store/layout-directory.js';
import { openOciLayoutTar } from './store/layout-tar-reader.js';
import { createLayoutTarWriter } from './store/layout-tar-writer.js';
import { createMemoryStore } from './store/memory-store.js';
import { rawTar } from './testing/raw-tar.js';
import { temporaryDirectory } from './testing/temporary-tree.js';

async function pushManifest(
  store: ContentStore,
  text: string,
  more: Partial<ImageManifest> = {},
): Promise<Descriptor> {
  const content = Buffer.from(text);
  const layer = describeBytes(content, MEDIA.octetStream);
  const bytes = encodeManifest({ schemaVersion: 2, config: EMPTY_DESCRIPTOR, layers: [layer], ...more });
  await store.push(EMPTY_DESCRIPTOR, bytesSource(EMPTY_BYTES));
  await store.push(layer, bytesSource(content));
  const descriptor = describeBytes(bytes, MEDIA.ociManifest);
  await store.push(descriptor, bytesSource(bytes));
  return descriptor;
}

/** One extension with a signature, an SBOM that is signed too, a `.sig` and an assets side tag. */
async function filledStore() {
  const store = createMemoryStore('source');
  const root = await pushManifest(store, 'the extension', { artifactType: MEDIA.extension });
  await store.tag(root, '1.0.0');
  const signature = await attachArtifact(store, { subject: root, artifactType: MEDIA.sigstoreBundle });
  const sbom = await attachArtifact(store, { subject: root, artifactType: 'application/spdx+json' });
  const sbomSignature = await attachArtifact(store, { subject: sbom, artifactType: MEDIA.sigstoreBundle });
  const sig = await pushManifest(store, 'old signature');
  await store.tag(sig, sideTag(root.digest, 'sig'));
  const assets = await pushManifest(store, 'assets', { artifactType: MEDIA.assets, subject: root });
  await store.tag(assets, sideTag(root.digest, 'assets.linux-amd64'));
  const fallback = encodeIndex({ schemaVersion: 2, manifests: [signature] });
  await store.push(describeBytes(fallback, MEDIA.ociIndex), bytesSource(fallback));
  await store.tag(describeBytes(fallback, MEDIA.ociIndex), referrersTag(root.digest));
  const unrelated = await pushManifest(store, 'another extension');
  await store.tag(unrelated, '9.9.9');
  return { store, root, all: [root, signature, sbom, sbomSignature, sig, assets], unrelated };
}

const tagged = (root: Descriptor): ReadonlyMap<Digest, readonly string[]> =>
  new Map([[root.digest, ['1.0.0', 'latest']]]);

async function assertComplete(
  to: Pick<ContentStore, 'list' | 'exists' | 'resolve' | 'referrers' | 'fetch' | 'label'>,
  source: Awaited<ReturnType<typeof filledStore>>,
) {
  const { root, all, unrelated } = source;
  assert.deepEqual(
    await to.list(),
    ['1.0.0', 'latest', sideTag(root.digest, 'assets.linux-amd64'), sideTag(root.digest, 'sig')].sort(),
  );
  for (const manifest of all) await fetchBytes(to, manifest);
  assert.equal(await to.exists(unrelated), false);
  assert.equal((await to.referrers(root)).length, 3);
  assert.equal((await to.resolve(sideTag(root.digest, 'sig'))).digest, all[4]!.digest);
}

const targets: Record<string, (t: TestContext) => Promise<ContentStore>> = {
  memory: async () => createMemoryStore('target'),
  'a layout directory': async (t) =>
    (await openOciLayout(join(temporaryDirectory(t), 'l'))).repository('ns/app'),
};
for (const [name, create] of Object.entries(targets)) {
  test(`copying to ${name} brings referrers, their referrers and side tags, not the fallback tag`, async (t) => {
    const source = await filledStore();
    const to = await create(t);
    const first = await copyGraph(source.store, to, [source.root], { tags: tagged(source.root) });
    await assertComplete(to, source);
    assert.equal(first.skipped, 0);
    const again = await copyGraph(source.store, to, [source.root], { tags: tagged(source.root) });
    assert.deepEqual(
      { copied: again.copied, bytes: again.bytes, tagged: again.tagged },
      { copied: 0, bytes: 0, tagged: [] },
    );
  });
}

test('copying into a tar and out of it keeps everything, and its bytes do not depend on the order', async (t) => {
  const directory = temporaryDirectory(t);
  const source = await filledStore();
  const digests: Digest[] = [];
  for (const [file, roots] of Object.entries({
    a: [source.root, source.all[1]!],
    b: [source.all[3]!, source.root],
  })) {
    const writer = createLayoutTarWriter(join(directory, file));
    await copyGraph(source.store, writer.repository('ns/app'), roots, { tags: tagged(source.root) });
    const written = await writer.finish();
    assert.deepEqual(written, await digestFile(join(directory, file)));
    digests.push(written.digest);
  }
  assert.equal(digests[0], digests[1]);
  const tar = await openOciLayoutTar(join(directory, 'a'));
  t.after(() => tar.close());
  assert.deepEqual(await tar.repositories(), ['ns/app']);
  await assertComplete(tar.repository('ns/app'), source);
  const target = createMemoryStore('far side');
  await copyGraph(tar.repository('ns/app'), target, [await tar.repository('ns/app').resolve('1.0.0')], {
    tags: tagged(source.root),
  });
  await assertComplete(target, source);
});

test('children of an index come before it, and a copy of a signature brings its subject', async () => {
  const from = createMemoryStore();
  const children = [await pushManifest(from, 'amd64'), await pushManifest(from, 'arm64')];
  const bytes = encodeIndex({ schemaVersion: 2, manifests: children });
  const index = describeBytes(bytes, MEDIA.ociIndex);
  await from.push(index, bytesSource(bytes));
  const signature = await attachArtifact(from, { subject: index, artifactType: 'application/y' });
  const to = createMemoryStore();
  const order: Digest[] = [];
  const onEvent = (event: CopyEvent) => {
    if (event.type === 'copied') order.push(event.descriptor.digest);
  };
  await copyGraph(from, to, [signature], { onEvent });
  assert.deepEqual(order.slice(-4), [
    ...children.map((child) => child.digest),
    index.digest,
    signature.digest,
  ]);
});

test('without referrers and side tags only the closure itself is copied', async () => {
  const source = await filledStore();
  const to = createMemoryStore();
  const result = await copyGraph(source.store, to, [source.root], { referrers: false, sideTags: false });
  assert.equal(result.copied, 3);
  assert.deepEqual(await to.list(), []);
});

test('a refusal of the verify hook comes before the first write', async () => {
  const source = await filledStore();
  const to = createMemoryStore();
  const seen: Digest[] = [];
  const verify = async (descriptor: Descriptor) => {
    seen.push(descriptor.digest);
    if (seen.length === source.all.length) throw new Error('not signed');
  };
  await assert.rejects(
    copyGraph(source.store, to, [source.root], { verify, tags: tagged(source.root) }),
    /not signed/,
  );
  assert.deepEqual(new Set(seen), new Set(source.all.map((each) => each.digest)));
  assert.equal(await to.exists(EMPTY_DESCRIPTOR), false);
});

test('a tampered blob stops the copy before any manifest or tag is written', async (t) => {
  const directory = join(temporaryDirectory(t), 'l');
  const from = (await openOciLayout(directory)).repository('ns/app');
  const source = await filledStore();
  await copyGraph(source.store, from, [source.root], { tags: tagged(source.root) });
  const path = join(directory, 'blobs/sha256', digestOf('the extension').slice(7));
  chmodSync(path, 0o644);
  writeFileSync(path, 'THE extension');
  const to = createMemoryStore();
  await assert.rejects(copyGraph(from, to, [source.root], { tags: tagged(source.root) }), {
    code: 'OCI_DIGEST_MISMATCH',
  });
  assert.deepEqual(await to.list(), []);
  for (const manifest of source.all) assert.equal(await to.exists(manifest), false);
});

test('missing content is an error, never a smaller copy', async (t) => {
  const directory = join(temporaryDirectory(t), 'l');
  const layout = (await openOciLayout(directory)).repository('ns/app');
  const absent = describeBytes(Buffer.from('absent'), MEDIA.octetStream);
  const bytes = encodeManifest({ schemaVersion: 2, config: EMPTY_DESCRIPTOR, layers: [absent] });
  const root = describeBytes(bytes, MEDIA.ociManifest);
  await layout.push(EMPTY_DESCRIPTOR, bytesSource(EMPTY_BYTES));
  await layout.push(root, bytesSource(bytes));
  await assert.rejects(copyGraph(layout, createMemoryStore(), [root]), { code: 'OCI_CONTENT_MISSING' });
});

test('a version that is at the target with other content is a conflict', async () => {
  const source = await filledStore();
  const to = createMemoryStore();
  await to.tag(await pushManifest(to, 'other'), '1.0.0');
  await assert.rejects(copyGraph(source.store, to, [source.root], { tags: tagged(source.root) }), {
    code: 'OCI_TAG_CONFLICT',
  });
  assert.equal(await to.exists(source.root), false, 'nothing is written');
});

test('a signature tag that both sides have is merged, so that no signature is lost', async () => {
  const source = await filledStore();
  const to = createMemoryStore();
  const tag = sideTag(source.root.digest, 'sig');
  await to.tag(await pushManifest(to, 'their signature'), tag);
  const options = { tags: tagged(source.root) };
  await copyGraph(source.store, to, [source.root], options);
  const merged = await to.resolve(tag);
  const { layers } = JSON.parse(Buffer.from(await fetchBytes(to, merged)).toString()) as ImageManifest;
  const digests = layers.map((layer) => layer.digest);
  assert.deepEqual(digests, [digestOf('their signature'), digestOf('old signature')]);
  assert.deepEqual((await copyGraph(source.store, to, [source.root], options)).tagged, []);
});

test('a tag for content outside of the copied graph is an error', async () => {
  const source = await filledStore();
  const tags = new Map([[source.unrelated.digest, ['9.9.9']]]);
  const copying = copyGraph(source.store, createMemoryStore(), [source.root], { tags });
  await assert.rejects(copying, { code: 'OCI_CONTENT_MISSING' });
});

test('an abort in the middle stops all transfers; the same call then completes the copy', async () => {
  const source = await filledStore();
  const to = createMemoryStore();
  const controller = new AbortController();
  const onEvent = (event: CopyEvent) => {
    if (event.type === 'copied') controller.abort();
  };
  await assert.rejects(
    copyGraph(source.store, to, [source.root], { onEvent, signal: controller.signal, concurrency: 1 }),
    { name: 'AbortError' },
  );
  assert.deepEqual(await to.list(), []);
  const result = await copyGraph(source.store, to, [source.root], { tags: tagged(source.root) });
  assert.equal(result.skipped, 1);
  await assertComplete(to, source);
});

test('blobs are mounted when the target can', async () => {
  const source = await filledStore();
  const target = createMemoryStore();
  const mounted: string[] = [];
  const to = {
    ...target,
    async mount(descriptor: Descriptor, fromRepository: string) {
      mounted.push(fromRepository);
      await target.push(descriptor, bytesSource(await fetchBytes(source.store, descriptor)));
      return true;
    },
  };
  const events: CopyEvent[] = [];
  await copyGraph(source.store, to, [source.root], {
    mountFrom: 'ns/app',
    onEvent: (event) => events.push(event),
  });
  assert.ok(mounted.length > 0);
  assert.equal(events.filter((event) => event.type === 'mounted').length, mounted.length);
});

test('tars that are no layout, compressed, ambiguous or cut off are refused', async (t) => {
  const directory = temporaryDirectory(t);
  const marker = { path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' };
  const index = { path: 'index.json', content: '{"schemaVersion":2,"manifests":[]}' };
  const good = rawTar([marker, index]);
  const cases: Record<string, Buffer> = {
    empty: Buffer.alloc(0),
    gzip: gzipSync(good),
    twice: rawTar([marker, index, { ...index, path: './index.json' }]),
    'no index': rawTar([marker]),
    'no marker': rawTar([index]),
    'cut off': rawTar([marker, { ...index, size: 100_000 }]),
    'a link as index': rawTar([marker, { path: 'index.json', type: '2', link: '/etc/passwd' }]),
    text: Buffer.from('hello '.repeat(200)),
  };
  for (const [name, bytes] of Object.entries(cases)) {
    writeFileSync(join(directory, name), bytes);
    await assert.rejects(openOciLayoutTar(join(directory, name)), { code: 'OCI_LAYOUT_INVALID' }, name);
  }
  await assert.rejects(openOciLayoutTar(join(directory, 'nowhere')), { code: 'BASE_FILE_MISSING' });
  writeFileSync(join(directory, 'good'), good);
  const tar = await openOciLayoutTar(join(directory, 'good'));
  assert.deepEqual(await tar.repositories(), []);
  await tar.close();
});

test('a blob changed inside a tar is refused when read', async (t) => {
  const path = join(temporaryDirectory(t), 'b.tar');
  const source = await filledStore();
  const writer = createLayoutTarWriter(path);
  await copyGraph(source.store, writer.repository('ns/app'), [source.root], { tags: tagged(source.root) });
  await writer.finish();
  const bytes = readFileSync(path);
  bytes[bytes.indexOf('the extension')] = 0x54;
  writeFileSync(path, bytes);
  const tar = await openOciLayoutTar(path);
  t.after(() => tar.close());
  await assert.rejects(copyGraph(tar.repository('ns/app'), createMemoryStore(), [source.root]), {
    code: 'OCI_DIGEST_MISMATCH',
  });
});

test('a source that fails while a tar is written leaves no tar', async (t) => {
  const directory = temporaryDirectory(t);
  const writer = createLayoutTarWriter(join(directory, 'b.tar'));
  const descriptor = describeBytes(Buffer.from('right'), MEDIA.octetStream);
  await writer.repository('ns/app').push(descriptor, bytesSource(Buffer.from('wrong')));
  await assert.rejects(writer.finish(), { code: 'OCI_DIGEST_MISMATCH' });
  assert.deepEqual(readdirSync(directory), []);
  assert.equal(existsSync(join(directory, 'b.tar')), false);
});
