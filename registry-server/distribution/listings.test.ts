import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#base';
import { type Descriptor, MEDIA } from '#schemas';
import type { RegistryClient } from '../test/registry-client.js';
import { describe, imageManifest, pushImage } from '../test/sample-content.js';
import { withRegistry } from '../test/with-registry.js';
import { REFERRERS_PAGE_BYTES } from './listings.js';

const REPO = 'team/app';

async function tags(
  client: RegistryClient,
  query: string,
): Promise<{ tags: string[]; link: string | undefined }> {
  const answer = await client.call('GET', query.startsWith('/') ? query : `/v2/${REPO}/tags/list${query}`);
  assert.equal(answer.status, 200);
  const link = /^<([^>]+)>; rel="next"$/.exec(String(answer.headers.link ?? ''))?.[1];
  return { tags: answer.json<{ tags: string[] }>().tags, link };
}

test('tags come sorted, in pages that link to the next', () =>
  withRegistry(async ({ client }) => {
    const unknown = await client.call('GET', `/v2/${REPO}/tags/list`);
    assert.deepEqual([unknown.status, unknown.code], [404, 'NAME_UNKNOWN']);
    for (const tag of ['c', 'a', 'B', '1.0.0', 'b']) await pushImage(client, REPO, { tag });
    const all = ['1.0.0', 'B', 'a', 'b', 'c'];
    assert.deepEqual(await tags(client, ''), { tags: all, link: undefined });
    assert.deepEqual((await tags(client, '?n=0')).tags, []);
    assert.deepEqual(await tags(client, '?n=99999999'), { tags: all, link: undefined });
    assert.deepEqual((await tags(client, '?last=B')).tags, ['a', 'b', 'c']);
    assert.deepEqual((await tags(client, '?last=aa&n=1')).tags, ['b'], 'last need not exist');
    const walked: string[] = [];
    for (let page = await tags(client, '?n=2'); ; page = await tags(client, page.link!)) {
      walked.push(...page.tags);
      if (page.link === undefined) break;
    }
    assert.deepEqual(walked, all);
    assert.deepEqual((await client.call('GET', '/v2/_catalog?n=1')).json(), { repositories: [REPO] });
    assert.equal((await client.call('DELETE', `/v2/${REPO}/tags/list`)).status, 405);
  }));

test('referrers are found by subject and filtered by type, with their annotations', () =>
  withRegistry(async ({ client }) => {
    const subject = await pushImage(client, REPO, { tag: 'app' });
    const list = async (query = '') => {
      const answer = await client.call('GET', `/v2/${REPO}/referrers/${subject}${query}`);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-type'], MEDIA.ociIndex);
      return {
        descriptors: answer.json<{ manifests: Descriptor[] }>().manifests,
        filters: answer.headers['oci-filters-applied'],
      };
    };
    assert.deepEqual((await list()).descriptors, []);
    const refers = { subject: { ...describe(MEDIA.ociManifest, ''), digest: subject } };
    const typed = imageManifest([], { ...refers, artifactType: 'test/sbom', annotations: { who: 'me' } });
    const untyped = imageManifest([], refers);
    const index = {
      schemaVersion: 2,
      mediaType: MEDIA.ociIndex,
      manifests: [],
      artifactType: 'test/index',
      ...refers,
    };
    for (const manifest of [typed, untyped, index]) {
      const digest = digestOf(JSON.stringify(manifest));
      const put = await client.pushManifest(REPO, digest, manifest);
      assert.deepEqual([put.status, put.headers['oci-subject']], [201, subject]);
    }
    const all = (await list()).descriptors;
    assert.deepEqual(
      all.map((each) => each.artifactType).sort(),
      [MEDIA.ociEmpty, 'test/index', 'test/sbom'].sort(),
    );
    const filtered = await list('?artifactType=test%2Fsbom');
    assert.equal(filtered.filters, 'artifactType');
    const body = JSON.stringify(typed);
    assert.deepEqual(filtered.descriptors, [
      { ...describe(MEDIA.ociManifest, body), artifactType: 'test/sbom', annotations: { who: 'me' } },
    ]);
    assert.equal((await client.call('DELETE', `/v2/${REPO}/manifests/${digestOf(body)}`)).status, 202);
    assert.deepEqual((await list('?artifactType=test%2Fsbom')).descriptors, []);
    assert.deepEqual(
      (await client.call('GET', `/v2/other/referrers/${subject}`)).json<{ manifests: [] }>().manifests,
      [],
    );
  }));

test('referrers that do not fit in one answer link to the rest', () =>
  withRegistry(async ({ client }) => {
    const subject = await pushImage(client, REPO, { tag: 'app' });
    const pushed: string[] = [];
    for (let i = 0; i < 6; i += 1) {
      const manifest = imageManifest([], {
        subject: { ...describe(MEDIA.ociManifest, ''), digest: subject },
        artifactType: 'big',
        annotations: { big: `${i}`.repeat(REFERRERS_PAGE_BYTES / 4) },
      });
      pushed.push(digestOf(JSON.stringify(manifest)));
      assert.equal((await client.pushManifest(REPO, pushed[i]!, manifest)).status, 201);
    }
    const found: string[] = [];
    let pages = 0;
    for (
      let path: string | undefined = `/v2/${REPO}/referrers/${subject}?artifactType=big`;
      path !== undefined;
    ) {
      const answer = await client.call('GET', path);
      assert.ok(answer.body.byteLength <= REFERRERS_PAGE_BYTES);
      assert.equal(answer.headers['oci-filters-applied'], 'artifactType');
      found.push(...answer.json<{ manifests: Descriptor[] }>().manifests.map((each) => each.digest));
      path = /^<([^>]+)>/.exec(String(answer.headers.link ?? ''))?.[1];
      pages += 1;
    }
    assert.deepEqual(found, pushed.sort());
    assert.equal(pages, 2);
  }));
