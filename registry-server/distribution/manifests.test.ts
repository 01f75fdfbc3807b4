import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, LIMITS } from '#base';
import { MEDIA } from '#schemas';
import { describe, imageManifest, pushImage } from '../test/sample-content.js';
import { withRegistry } from '../test/with-registry.js';
import { MAX_TAGS_PER_PUT } from './manifests.js';

const REPO = 'team/app';

test('a manifest reads back by tag and by digest, byte for byte', () =>
  withRegistry(async ({ client }) => {
    await client.pushBlob(REPO, '{}');
    const body = `${JSON.stringify(imageManifest([], { annotations: { a: 'ü' } }), null, 3)}\n`;
    const put = await client.pushManifest(REPO, 'latest', body);
    const digest = digestOf(body);
    assert.deepEqual([put.status, put.headers.location], [201, `/v2/${REPO}/manifests/${digest}`]);
    assert.equal(put.headers['docker-content-digest'], digest);
    for (const reference of ['latest', digest]) {
      for (const round of ['from disk', 'from memory']) {
        const got = await client.call('GET', `/v2/${REPO}/manifests/${reference}`);
        assert.equal(got.body.toString(), body, round);
        assert.equal(got.headers['content-type'], MEDIA.ociManifest);
        assert.equal(got.headers.etag, `"${digest}"`);
        const head = await client.call('HEAD', `/v2/${REPO}/manifests/${reference}`);
        assert.equal(head.headers['content-length'], got.headers['content-length']);
        assert.equal(head.headers['docker-content-digest'], digest);
      }
      const again = await client.call('GET', `/v2/${REPO}/manifests/${reference}`, {
        headers: { 'if-none-match': `"${digest}"` },
      });
      assert.equal(again.status, 304);
    }
    for (const reference of ['nothing', digestOf('nothing')]) {
      const missing = await client.call('GET', `/v2/${REPO}/manifests/${reference}`);
      assert.deepEqual([missing.status, missing.code], [404, 'MANIFEST_UNKNOWN']);
    }
    assert.equal((await client.call('GET', `/v2/other/manifests/${digest}`)).status, 404);
    assert.equal((await client.call('PATCH', `/v2/${REPO}/manifests/latest`)).status, 405);
  }));

test('what a manifest names must be there, unless it lives elsewhere or is its subject', () =>
  withRegistry(async ({ client }) => {
    await client.pushBlob('elsewhere', '{}');
    const missing = await client.pushManifest(REPO, 'x', imageManifest(['layer']));
    assert.deepEqual([missing.status, missing.code], [404, 'MANIFEST_BLOB_UNKNOWN']);
    assert.match(missing.body.toString(), new RegExp(digestOf('layer')));
    assert.equal(
      (await client.call('GET', `/v2/${REPO}/tags/list`)).code,
      'NAME_UNKNOWN',
      'nothing was made',
    );
    await client.pushBlob(REPO, '{}');
    const foreign = {
      ...describe('application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', 'far'),
      urls: ['https://example.org/far'],
    };
    assert.equal(
      (await client.pushManifest(REPO, 'x', imageManifest([], { layers: [foreign] }))).status,
      201,
    );
    const subject = describe(MEDIA.ociManifest, 'not here yet');
    const attached = await client.pushManifest(
      REPO,
      'y',
      imageManifest([], { subject, artifactType: 'a/b' }),
    );
    assert.deepEqual([attached.status, attached.headers['oci-subject']], [201, subject.digest]);
    const child = await pushImage(client, REPO, { tag: 'child' });
    const index = (digest: string) => ({
      schemaVersion: 2,
      mediaType: MEDIA.ociIndex,
      manifests: [{ ...describe(MEDIA.ociManifest, ''), digest }],
    });
    assert.equal(
      (await client.pushManifest(REPO, 'i', index(digestOf('no child')))).code,
      'MANIFEST_BLOB_UNKNOWN',
    );
    assert.equal((await client.pushManifest(REPO, 'i', index(child))).status, 201);
    assert.equal(
      (await client.call('GET', `/v2/${REPO}/manifests/i`)).headers['content-type'],
      MEDIA.ociIndex,
    );
  }));

test('docker manifests are taken as they are', () =>
  withRegistry(async ({ client }) => {
    await client.pushBlob(REPO, '{}');
    const manifest = imageManifest([], { mediaType: MEDIA.dockerManifest });
    assert.equal((await client.pushManifest(REPO, 'd', manifest)).status, 201);
    const list = {
      schemaVersion: 2,
      mediaType: MEDIA.dockerManifestList,
      manifests: [describe(MEDIA.dockerManifest, JSON.stringify(manifest))],
    };
    assert.equal((await client.pushManifest(REPO, 'l', list)).status, 201);
    assert.equal(
      (await client.call('GET', `/v2/${REPO}/manifests/l`)).headers['content-type'],
      MEDIA.dockerManifestList,
    );
  }));

test('what is no manifest is refused with the reason', () =>
  withRegistry(async ({ client }) => {
    await client.pushBlob(REPO, '{}');
    const put = (body: string, type: string = MEDIA.ociManifest, reference = 'x') =>
      client.call('PUT', `/v2/${REPO}/manifests/${reference}`, { body, headers: { 'content-type': type } });
    const good = JSON.stringify(imageManifest([]));
    const bad: [string, string][] = [
      ['', MEDIA.ociManifest],
      ['not json', MEDIA.ociManifest],
      ['null', MEDIA.ociManifest],
      ['[]', MEDIA.ociManifest],
      ['{"schemaVersion":1}', MEDIA.ociManifest],
      [good, MEDIA.ociIndex],
      [good, 'application/json'],
      [good, 'text/html; charset=utf-8'],
      [good, '!!'],
      [JSON.stringify({ ...imageManifest([]), manifests: [] }), MEDIA.ociManifest],
      [JSON.stringify(imageManifest([], { layers: 'many' })), MEDIA.ociManifest],
      [
        JSON.stringify(imageManifest([], { config: { mediaType: 'x', digest: '../../x', size: 1 } })),
        MEDIA.ociManifest,
      ],
      [JSON.stringify(imageManifest([], { annotations: { a: 1 } })), MEDIA.ociManifest],
      ['['.repeat(100_000), MEDIA.ociManifest],
    ];
    for (const [body, type] of bad) {
      const answer = await put(body, type);
      assert.deepEqual(
        [answer.status, answer.code],
        [400, 'MANIFEST_INVALID'],
        `${type} ${body.slice(0, 60)}`,
      );
    }
    assert.equal((await put(good, '')).status, 201, 'without a Content-Type the body says what it is');
    assert.equal((await put(good, MEDIA.ociManifest, digestOf('other'))).code, 'DIGEST_INVALID');
    const bomb = await put(`{"x":"${'a'.repeat(LIMITS.manifestBytes)}"}`);
    assert.deepEqual([bomb.status, bomb.code], [413, 'SIZE_INVALID']);
    const large = imageManifest([], { annotations: { a: 'a'.repeat(LIMITS.manifestBytes - 1000) } });
    assert.equal((await client.pushManifest(REPO, 'large', large)).status, 201);
  }));

test('a version tag never moves, another does', () =>
  withRegistry(async ({ client }) => {
    const first = await pushImage(client, REPO, { tag: '1.2.3', layer: 'one' });
    await pushImage(client, REPO, { tag: '1.2.3', layer: 'one' });
    await client.pushBlob(REPO, 'two');
    const refused = await client.pushManifest(REPO, '1.2.3', imageManifest(['two']));
    assert.deepEqual([refused.status, refused.code, refused.ours], [409, 'DENIED', 'REGISTRY_TAG_IMMUTABLE']);
    assert.equal(
      (await client.call('HEAD', `/v2/${REPO}/manifests/1.2.3`)).headers['docker-content-digest'],
      first,
    );
    await pushImage(client, REPO, { tag: 'latest', layer: 'one' });
    const moved = await pushImage(client, REPO, { tag: 'latest', layer: 'two' });
    assert.equal(
      (await client.call('HEAD', `/v2/${REPO}/manifests/latest`)).headers['docker-content-digest'],
      moved,
    );
  }));

test('a deleted version is never given to other content, and comes back with its own', () =>
  withRegistry(async ({ client }) => {
    const digest = await pushImage(client, REPO, { tag: '1.2.3', layer: 'one' });
    await client.pushBlob(REPO, 'two');
    for (const path of ['1.2.3', digest]) {
      assert.equal((await client.call('DELETE', `/v2/${REPO}/manifests/${path}`)).status, 202);
      const refused = await client.pushManifest(REPO, '1.2.3', imageManifest(['two']));
      assert.deepEqual(
        [refused.status, refused.code, refused.ours],
        [409, 'DENIED', 'REGISTRY_VERSION_DELETED'],
      );
      assert.equal(await pushImage(client, REPO, { tag: '1.2.3', layer: 'one' }), digest);
    }
    await pushImage(client, REPO, { tag: 'edge', layer: 'one' });
    await client.call('DELETE', `/v2/${REPO}/manifests/edge`);
    await pushImage(client, REPO, { tag: 'edge', layer: 'two' });
  }));

test('If-None-Match creates only, If-Match changes only what is known', () =>
  withRegistry(async ({ client }) => {
    const first = await pushImage(client, REPO, { tag: '_index', layer: 'one' });
    await client.pushBlob(REPO, 'two');
    const put = (layer: string, headers: Record<string, string>, tag = '_index') =>
      client.pushManifest(REPO, tag, imageManifest([layer]), headers);
    const create = await put('two', { 'if-none-match': '*' });
    assert.deepEqual([create.status, create.ours], [412, 'REGISTRY_TAG_EXISTS']);
    assert.equal((await put('one', { 'if-none-match': '*' })).status, 201, 'the same digest is no conflict');
    assert.equal((await put('two', { 'if-none-match': '*' }, 'fresh')).status, 201);
    const stale = await put('two', { 'if-match': `"${digestOf('stale')}"` });
    assert.deepEqual([stale.status, stale.ours], [412, 'REGISTRY_TAG_CHANGED']);
    assert.equal((await put('two', { 'if-match': '*' }, 'absent')).status, 412);
    const changed = await put('two', { 'if-match': `"${digestOf('stale')}", "${first}"` });
    assert.equal(changed.status, 201);
    assert.equal((await put('one', { 'if-match': '*' })).status, 201);
  }));

test('of many clients that create one tag exactly one wins', () =>
  withRegistry(async ({ client }) => {
    await client.pushBlob(REPO, '{}');
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        client.pushManifest(REPO, '2.0.0', imageManifest([], { annotations: { i: String(i) } }), {
          'if-none-match': '*',
        }),
      ),
    );
    assert.deepEqual(answers.map((each) => each.status).sort(), [201, ...Array<number>(29).fill(412)]);
    const winner = answers.find((each) => each.status === 201)?.headers['docker-content-digest'];
    assert.equal(
      (await client.call('HEAD', `/v2/${REPO}/manifests/2.0.0`)).headers['docker-content-digest'],
      winner,
    );
  }));

test('one PUT may set several tags, all or none', () =>
  withRegistry(async ({ client }) => {
    await client.pushBlob(REPO, '{}');
    const body = JSON.stringify(imageManifest([]));
    const digest = digestOf(body, 'sha512');
    const put = await client.pushManifest(REPO, `${digest}?tag=a&tag=b&tag=a`, body);
    assert.deepEqual(
      [put.status, put.headers['oci-tag'], put.headers['docker-content-digest']],
      [201, 'a, b', digest],
    );
    assert.deepEqual((await client.call('GET', `/v2/${REPO}/tags/list`)).json<{ tags: string[] }>().tags, [
      'a',
      'b',
    ]);
    await pushImage(client, REPO, { tag: '1.0.0' });
    assert.equal((await client.pushManifest(REPO, `${digestOf(body)}?tag=c&tag=1.0.0`, body)).status, 409);
    assert.equal((await client.call('HEAD', `/v2/${REPO}/manifests/c`)).status, 404);
    const many = Array.from({ length: MAX_TAGS_PER_PUT + 1 }, (_, i) => `tag=t${i}`).join('&');
    assert.equal((await client.pushManifest(REPO, `${digestOf(body)}?${many}`, body)).status, 414);
    assert.equal((await client.pushManifest(REPO, `${digestOf(body)}?tag=-`, body)).status, 400);
  }));

test('deleting a tag keeps the manifest, deleting a manifest takes its tags', () =>
  withRegistry(async ({ client }) => {
    const digest = await pushImage(client, REPO, { tag: 'a' });
    await pushImage(client, REPO, { tag: 'b', layer: 'layer of a' });
    const status = async (reference: string) =>
      (await client.call('GET', `/v2/${REPO}/manifests/${reference}`)).status;
    assert.deepEqual([await status('a'), await status('b')], [200, 200]);
    assert.equal((await client.call('DELETE', `/v2/${REPO}/manifests/a`)).status, 202);
    assert.deepEqual([await status('a'), await status('b'), await status(digest)], [404, 200, 200]);
    assert.equal((await client.call('DELETE', `/v2/${REPO}/manifests/a`)).code, 'MANIFEST_UNKNOWN');
    assert.equal((await client.call('DELETE', `/v2/${REPO}/manifests/${digest}`)).status, 202);
    assert.deepEqual([await status('b'), await status(digest)], [404, 404]);
    assert.equal((await client.call('DELETE', `/v2/${REPO}/manifests/${digest}`)).code, 'MANIFEST_UNKNOWN');
    assert.deepEqual((await client.call('GET', `/v2/${REPO}/tags/list`)).json(), { name: REPO, tags: [] });
  }));
