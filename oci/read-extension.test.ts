import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ANNOTATION, type Descriptor, type ImageManifest, MEDIA } from '#schemas';
import { annotatedFacts } from './extension-annotations.js';
import { bytesSource } from './fetch-bytes.js';
import { describeBytes, encodeIndex, encodeManifest } from './manifest-codec.js';
import { packExtension } from './pack/pack-extension.js';
import { pushPacked } from './pack/push-packed.js';
import { readExtension } from './read-extension.js';
import { createMemoryStore } from './store/memory-store.js';
import { REDIS_TREE, temporaryDirectory, writeTree } from './testing/temporary-tree.js';

const options = { provVersion: '0.1.0' };

async function pushedRedis(t: TestContext) {
  const packed = await packExtension(writeTree(temporaryDirectory(t), REDIS_TREE), options);
  const store = createMemoryStore();
  await pushPacked(store, packed);
  await packed.close();
  const put = async (bytes: Uint8Array, mediaType: string): Promise<Descriptor> => {
    const descriptor = describeBytes(bytes, mediaType);
    await store.push(descriptor, bytesSource(bytes));
    return descriptor;
  };
  const putManifest = (changes: Partial<ImageManifest>) =>
    put(encodeManifest({ ...packed.imageManifest, ...changes }), MEDIA.ociManifest);
  return { packed, store, put, putManifest, annotations: packed.imageManifest.annotations! };
}

test('an extension reads back as it was packed', async (t) => {
  const { packed, store } = await pushedRedis(t);
  const read = await readExtension(store, await store.resolve('7.2.1'), options);
  assert.deepEqual(read.config, packed.manifest);
  assert.deepEqual(read.facts, { dependencies: { os: { version: '>=1.0.0 <2.0.0' } } });
  assert.equal(read.treeDigest, packed.treeDigest);
  assert.deepEqual(annotatedFacts(read.manifest.annotations), {
    kind: 'taskserv',
    name: 'redis',
    version: '7.2.1',
    facts: read.facts,
  });
});

test('annotations that contradict the config are refused, missing and unknown ones are not', async (t) => {
  const { store, putManifest, annotations } = await pushedRedis(t);
  for (const [key, value] of Object.entries({
    [ANNOTATION.deps]: '{}',
    [ANNOTATION.name]: 'valkey',
    [ANNOTATION.kind]: 'cluster',
    [ANNOTATION.version]: '7.2.2',
  })) {
    const changed = await putManifest({ annotations: { ...annotations, [key]: value } });
    await assert.rejects(readExtension(store, changed, options), { code: 'OCI_ANNOTATION_MISMATCH' }, key);
  }
  const bare = await putManifest({ annotations: { 'com.example.other': 'x', [ANNOTATION.deps]: '@config' } });
  assert.equal((await readExtension(store, bare, options)).config.name, 'redis');
});

test('unknown members of the config are ignored unless it calls them critical', async (t) => {
  const { packed, store, put, putManifest } = await pushedRedis(t);
  const read = async (more: object) => {
    const config = await put(
      Buffer.from(JSON.stringify({ ...packed.manifest, ...more })),
      MEDIA.extensionConfig,
    );
    return readExtension(store, await putManifest({ config }), options);
  };
  assert.equal((await read({ future: { a: 1 } })).config.name, 'redis');
  await assert.rejects(read({ future: {}, critical: ['future'] }), { code: 'SCHEMAS_NEEDS_NEWER_PROV' });
  await assert.rejects(read({ schema: 2 }), { code: 'SCHEMAS_NEEDS_NEWER_PROV' });
  await assert.rejects(read({ version: 'latest' }), { code: 'SCHEMAS_WIRE_INVALID' });
});

test('other artifacts are refused', async (t) => {
  const { packed, store, putManifest } = await pushedRedis(t);
  const image = await putManifest({ config: { ...packed.imageManifest.config, mediaType: MEDIA.ociConfig } });
  await assert.rejects(readExtension(store, image, options), { code: 'OCI_ARTIFACT_NOT_EXTENSION' });
  await assert.rejects(readExtension(store, await putManifest({ layers: [] }), options), {
    code: 'OCI_ARTIFACT_NOT_EXTENSION',
  });
});

test('an index gives the child of the platform', async (t) => {
  const { packed, store, put } = await pushedRedis(t);
  const child = { ...packed.descriptor, platform: { os: 'linux', architecture: 'amd64' } };
  const index = await put(
    encodeIndex({ schemaVersion: 2, artifactType: MEDIA.extension, manifests: [child] }),
    MEDIA.ociIndex,
  );
  const read = await readExtension(store, index, { ...options, platform: 'linux/amd64' });
  assert.equal(read.root.digest, index.digest);
  assert.equal(read.descriptor.digest, packed.descriptor.digest);
  await assert.rejects(readExtension(store, index, { ...options, platform: 'linux/arm64' }), {
    code: 'OCI_PLATFORM_MISSING',
  });
  assert.equal((await readExtension(store, index, options)).descriptor.digest, packed.descriptor.digest);
  const none = await put(
    encodeIndex({ schemaVersion: 2, artifactType: MEDIA.extension, manifests: [] }),
    MEDIA.ociIndex,
  );
  await assert.rejects(readExtension(store, none, options), { code: 'OCI_PLATFORM_MISSING' });
});
