import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANNOTATION, configBlob, MEDIA } from '#schemas';
import { describe, extension, extensionImage, imageManifest, pushExtension } from '../test/sample-content.js';
import { withRegistry } from '../test/with-registry.js';

test('an extension is stored when config, annotations, name and tag agree', () =>
  withRegistry(async ({ client }) => {
    const redis = extension({ name: 'redis', dependencies: { os: { version: '^1.0.0' } } });
    assert.equal((await pushExtension(client, 'ns/redis', redis)).status, 201);
    assert.equal((await pushExtension(client, 'ns/redis', redis)).status, 201, 'again');
    assert.equal((await pushExtension(client, 'redis', redis)).status, 201, 'without a namespace');
  }));

test('an extension that contradicts itself is refused', () =>
  withRegistry(async ({ client }) => {
    const redis = extension({ name: 'redis', dependencies: { os: { version: '^1.0.0' } } });
    const lies: Record<string, string>[] = [
      { [ANNOTATION.deps]: '{}' },
      { [ANNOTATION.deps]: 'not json' },
      { [ANNOTATION.deps]: '[]' },
      { [ANNOTATION.name]: 'valkey' },
      { [ANNOTATION.kind]: 'cluster' },
      { [ANNOTATION.version]: '2.0.0' },
      { big: 'x'.repeat(70_000) },
    ];
    for (const lie of lies) {
      const answer = await pushExtension(client, 'ns/redis', redis, lie);
      assert.deepEqual(
        [answer.status, answer.code, answer.ours],
        [400, 'MANIFEST_INVALID', 'REGISTRY_EXTENSION_MISMATCH'],
        JSON.stringify(lie).slice(0, 60),
      );
    }
    assert.equal(
      (await pushExtension(client, 'ns/valkey', redis)).ours,
      'REGISTRY_EXTENSION_MISMATCH',
      'another repository',
    );
    await client.pushBlob('ns/redis', configBlob(redis));
    const tagged = await client.pushManifest('ns/redis', '1.0.1', extensionImage(redis));
    assert.equal(tagged.ours, 'REGISTRY_EXTENSION_MISMATCH', 'a tag of another version');
    assert.equal(
      (await client.pushManifest('ns/redis', 'stable', extensionImage(redis))).status,
      201,
      'a channel',
    );
    await client.pushBlob('ns/redis', 'not json');
    for (const config of [describe(MEDIA.extensionConfig, 'not json'), describe(MEDIA.ociEmpty, '{}')]) {
      await client.pushBlob('ns/redis', '{}');
      const answer = await client.pushManifest(
        'ns/redis',
        'x',
        imageManifest([], { artifactType: MEDIA.extension, config }),
      );
      assert.equal(answer.ours, 'REGISTRY_EXTENSION_MISMATCH');
    }
    const absent = imageManifest([], {
      artifactType: MEDIA.extension,
      config: describe(MEDIA.extensionConfig, 'absent'),
    });
    assert.equal((await client.pushManifest('ns/redis', 'x', absent)).ours, 'REGISTRY_MANIFEST_BLOB_UNKNOWN');
    const empty = {
      schemaVersion: 2,
      mediaType: MEDIA.ociIndex,
      artifactType: MEDIA.extension,
      manifests: [],
    };
    assert.equal((await client.pushManifest('ns/redis', 'x', empty)).ours, 'REGISTRY_EXTENSION_MISMATCH');
  }));

test('facts too long for an annotation are taken from the config', () =>
  withRegistry(async ({ client }) => {
    const names = Array.from({ length: 1500 }, (_, i) => [`dependency-${i}`, { version: '>=1.0.0 <2.0.0' }]);
    const big = extension({ name: 'big', dependencies: Object.fromEntries(names) });
    assert.equal((await pushExtension(client, 'ns/big', big, { [ANNOTATION.deps]: '@config' })).status, 201);
  }));

test('a name is one kind in a namespace, and has no near twin', () =>
  withRegistry(async ({ client }) => {
    assert.equal((await pushExtension(client, 'ns/my-app', extension({ name: 'my-app' }))).status, 201);
    const kind = await pushExtension(
      client,
      'ns/my-app',
      extension({ name: 'my-app', type: 'cluster', version: '2.0.0' }),
    );
    assert.deepEqual([kind.status, kind.code, kind.ours], [409, 'DENIED', 'REGISTRY_EXTENSION_KIND_TAKEN']);
    const twin = await pushExtension(client, 'ns/my.app', extension({ name: 'my.app' }));
    assert.deepEqual([twin.status, twin.ours], [409, 'REGISTRY_EXTENSION_NAME_COLLISION']);
    assert.match(twin.body.toString(), /my-app/);
    const other = extension({ name: 'my.app', type: 'cluster' });
    assert.equal((await pushExtension(client, 'elsewhere/my.app', other)).status, 201, 'another namespace');
    const { headers } = await client.call('HEAD', '/v2/ns/my-app/manifests/1.0.0');
    const path = `/v2/ns/my-app/manifests/${headers['docker-content-digest']}`;
    assert.equal((await client.call('DELETE', path)).status, 202);
    assert.equal(
      (await pushExtension(client, 'ns/my.app', extension({ name: 'my.app' }))).status,
      201,
      'the name is free again',
    );
  }));

test('versions that differ in build metadata only may not both be published', () =>
  withRegistry(async ({ client }) => {
    assert.equal(
      (await pushExtension(client, 'ns/app', extension({ name: 'app', version: '1.0.0+a' }))).status,
      201,
    );
    for (const version of ['1.0.0+b', '1.0.0']) {
      const answer = await pushExtension(client, 'ns/app', extension({ name: 'app', version }));
      assert.deepEqual([answer.status, answer.ours], [409, 'REGISTRY_VERSION_COLLISION'], version);
      assert.match(answer.body.toString(), /1\.0\.0\+a/);
    }
    assert.equal(
      (await pushExtension(client, 'ns/app', extension({ name: 'app', version: '1.0.1' }))).status,
      201,
    );
    await client.pushBlob('images/x', '{}');
    assert.equal((await client.pushManifest('images/x', '1.0.0_a', imageManifest([]))).status, 201);
    assert.equal(
      (await client.pushManifest('images/x', '1.0.0_b', imageManifest([]))).status,
      201,
      'images may',
    );
  }));

test('an extension by platforms is an index whose children agree with it', () =>
  withRegistry(async ({ client }) => {
    const redis = extension({ name: 'redis' });
    const child = extensionImage(redis);
    await pushExtension(client, 'ns/redis', redis);
    const index = (version: string) => ({
      schemaVersion: 2,
      mediaType: MEDIA.ociIndex,
      artifactType: MEDIA.extension,
      annotations: { [ANNOTATION.version]: version },
      manifests: [describe(MEDIA.ociManifest, JSON.stringify(child))],
    });
    const lying = await client.pushManifest('ns/redis', 'x', index('2.0.0'));
    assert.equal(lying.ours, 'REGISTRY_EXTENSION_MISMATCH');
    assert.equal((await client.pushManifest('ns/redis', 'x', index('1.0.0'))).status, 201);
    const absent = { ...index('1.0.0'), manifests: [describe(MEDIA.ociManifest, 'absent')] };
    assert.equal((await client.pushManifest('ns/redis', 'x', absent)).ours, 'REGISTRY_MANIFEST_BLOB_UNKNOWN');
  }));
