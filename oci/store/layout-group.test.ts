import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestHex, digestOf, type FileSystem, nodeFileSystem } from '#base';
import { type Descriptor, MEDIA } from '#schemas';
import type { ContentStore } from '../content-store.js';
import { bytesSource, fetchBytes } from '../fetch-bytes.js';
import { describeBytes, EMPTY_BYTES, EMPTY_DESCRIPTOR, encodeManifest } from '../manifest-codec.js';
import { failingFileSystem } from '../testing/failing-file-system.js';
import { temporaryDirectory } from '../testing/temporary-tree.js';
import { openOciLayout } from './layout-directory.js';

async function pushTagged(store: ContentStore, text: string, tag: string): Promise<Descriptor> {
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
  await store.tag(manifest, tag);
  return manifest;
}

const named = (directory: string) =>
  readdirSync(join(directory, 'blobs/sha256')).filter((name) => !name.startsWith('.'));

test('a grouped layout shows to itself what waits, and to others all of it at once', async (t) => {
  const directory = join(temporaryDirectory(t), 'l');
  const layout = await openOciLayout(directory, { grouped: true });
  const store = layout.repository('ns/app');
  const manifest = await pushTagged(store, 'one', '1.0.0');
  await pushTagged(store, 'two', '2.0.0');
  assert.deepEqual(await store.list(), ['1.0.0', '2.0.0']);
  assert.equal((await store.resolve('1.0.0')).digest, manifest.digest);
  assert.ok((await fetchBytes(store, manifest)).byteLength > 0);
  assert.ok(await store.exists(manifest));
  await assert.rejects(pushTagged(store, 'other', '1.0.0'), { code: 'OCI_TAG_CONFLICT' });
  const others = await openOciLayout(directory);
  assert.deepEqual([await others.repository('ns/app').list(), named(directory)], [[], []]);
  await layout.flush();
  assert.deepEqual(await others.repository('ns/app').list(), ['1.0.0', '2.0.0']);
  assert.ok((await fetchBytes(others.repository('ns/app'), manifest)).byteLength > 0);
  await layout.close();
  assert.deepEqual(
    readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.tmp')),
    [],
  );
});

test('the directories of a new layout are durable before its marker is written', async (t) => {
  const parent = temporaryDirectory(t);
  const directory = join(parent, 'l');
  const synced: string[] = [];
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    open(path, flags, mode) {
      if (flags === 'r' && !existsSync(join(directory, 'oci-layout'))) synced.push(path);
      return nodeFileSystem.open(path, flags, mode);
    },
  };
  await openOciLayout(directory, { fileSystem });
  const blobs = join(directory, 'blobs');
  for (const each of [parent, directory, blobs]) assert.ok(synced.includes(each), each);
});

test('a flush writes the index once and waits for the directory once, however much there was', async (t) => {
  const stepsOf = async (count: number) => {
    const directory = join(temporaryDirectory(t), 'l');
    const { fileSystem, steps } = failingFileSystem(0);
    const layout = await openOciLayout(directory, { grouped: true, fileSystem });
    for (let i = 0; i < count; i += 1) await pushTagged(layout.repository('ns/app'), `${i}`, `1.0.${i}`);
    const before = steps();
    await layout.flush();
    const flushed = steps() - before;
    await layout.close();
    return flushed;
  };
  // For each of two more small files (layer and manifest): fsync and rename.
  assert.equal((await stepsOf(9)) - (await stepsOf(4)), 5 * 2 * 2);
});

test('a grouped layout on a disk that fills up at any step fails, names nothing that is not whole, and goes on later', async (t) => {
  const directory = join(temporaryDirectory(t), 'l');
  await openOciLayout(directory);
  for (let step = 1; step < 60; step += 1) {
    const { fileSystem } = failingFileSystem(step);
    const layout = await openOciLayout(directory, { grouped: true, fileSystem });
    const done = (async () => {
      await pushTagged(layout.repository('ns/app'), `content ${step}`, `1.0.${step}`);
      await pushTagged(layout.repository('ns/app'), `more ${step}`, `1.1.${step}`);
      await layout.flush();
    })();
    const failed: unknown = await done.then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failed !== undefined && !isFull(failed)) throw failed;
    // Where it failed while flushing, nothing can be pushed or flushed as if nothing were lost.
    await layout.close();
    const left = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.includes('.tmp'),
    );
    assert.deepEqual(left, [], `step ${step}`);
    for (const name of named(directory)) {
      const path = join(directory, 'blobs/sha256', name);
      assert.equal(digestHex(digestOf(readFileSync(path))), name, `step ${step}`);
    }
    const seen = (await openOciLayout(directory)).repository('ns/app');
    for (const tag of await seen.list()) {
      const manifest = await seen.resolve(tag);
      const { layers } = JSON.parse(Buffer.from(await fetchBytes(seen, manifest)).toString()) as {
        layers: Descriptor[];
      };
      for (const layer of layers) assert.ok(await seen.exists(layer), `step ${step}`);
    }
    if (failed === undefined) return;
  }
  assert.fail('no step without a failure');
});

function isFull(error: unknown): boolean {
  return (error as { code?: string }).code === 'BASE_DISK_FULL';
}

test('after a flush that failed, nothing is taken any more', async (t) => {
  const directory = join(temporaryDirectory(t), 'l');
  await openOciLayout(directory);
  // Six files are opened and written; the seventh step on is of the flush.
  const { fileSystem, steps } = failingFileSystem(7);
  const layout = await openOciLayout(directory, { grouped: true, fileSystem });
  const store = layout.repository('ns/app');
  const manifest = await pushTagged(store, 'one', '1.0.0');
  assert.equal(steps(), 6);
  await assert.rejects(layout.flush(), { code: 'BASE_DISK_FULL' });
  await assert.rejects(layout.flush(), { code: 'BASE_DISK_FULL' });
  await assert.rejects(store.tag(manifest, '2.0.0'), { code: 'BASE_DISK_FULL' });
  await assert.rejects(pushTagged(store, 'two', '2.0.0'), { code: 'BASE_DISK_FULL' });
  await layout.close();
  assert.ok(!existsSync(join(directory, 'blobs/sha256', digestHex(manifest.digest))));
});
