import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  closureDocumentSchema,
  contentsDocumentSchema,
  MAX_CLOSURE_ROOTS,
  MEDIA,
  parseOciManifest,
} from '#schemas';
import type { RegistryClient } from '../test/registry-client.js';
import { extension, pushExtension } from '../test/sample-content.js';
import { withRegistry } from '../test/with-registry.js';

const JSON_TYPE = { 'content-type': 'application/json' };

async function ask(
  client: RegistryClient,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return client.call('POST', `/api/v1/${path}`, { headers: { ...JSON_TYPE, ...headers }, body: text });
}

async function closure(client: RegistryClient, ...roots: { repository: string; range?: string }[]) {
  const answer = await ask(client, 'closure', { v: 1, roots });
  assert.equal(answer.headers['content-type'], MEDIA.closureDocument);
  return { answer, document: closureDocumentSchema.parse(answer.json()) };
}

test('a closure holds the index of everything that versions in range can need, and what is missing', () =>
  withRegistry(async ({ client }) => {
    const push = (
      name: string,
      version: string,
      dependencies: Record<string, { version: string; namespace?: string }>,
    ) => pushExtension(client, `ns/${name}`, extension({ name, version, dependencies }));
    await push('web', '1.0.0', { old: { version: '*' } });
    await push('web', '2.0.0', { db: { version: '^1' }, gone: { version: '*' } });
    await push('db', '1.0.0', { web: { version: '^2' }, tool: { version: '*', namespace: 'other' } });
    await push('db', '2.0.0', { unused: { version: '*' } });
    await push('old', '1.0.0', {});
    await push('unused', '1.0.0', {});
    await pushExtension(client, 'other/tool', extension({ name: 'tool' }));
    const { answer, document } = await closure(client, { repository: 'ns/web', range: '^2' });
    assert.deepEqual(
      document.packages.map(({ repository }) => repository),
      ['ns/db', 'ns/web', 'other/tool'],
    );
    assert.deepEqual([document.missing, document.truncated], [['ns/gone'], false]);
    const web = document.packages.find(({ repository }) => repository === 'ns/web');
    assert.deepEqual(
      web?.entries.map(({ version }) => version),
      ['1.0.0', '2.0.0'],
      'indexes are whole',
    );
    const single = await client.call('GET', '/api/v1/index/ns/web');
    assert.deepEqual(web, single.json());
    const whole = await closure(client, { repository: 'ns/web' });
    assert.deepEqual(whole.document.packages.length, 4);

    const etag = String(answer.headers.etag);
    const same = { v: 1, roots: [{ repository: 'ns/web', range: '^2' }] };
    assert.equal((await ask(client, 'closure', same, { 'if-none-match': etag })).status, 304);
    await push('db', '1.1.0', {});
    assert.equal((await ask(client, 'closure', same, { 'if-none-match': etag })).status, 200);
  }));

test('contents carry manifest, config and signatures as text that has their digests', () =>
  withRegistry(async ({ client }) => {
    await pushExtension(client, 'ns/web', extension({ name: 'web' }));
    const head = await client.call('HEAD', '/v2/ns/web/manifests/1.0.0');
    const digest = String(head.headers['docker-content-digest']);
    const items = [
      { repository: 'ns/web', digest },
      { repository: 'ns/other', digest },
      { repository: 'ns/web', digest: `sha256:${'0'.repeat(64)}` },
    ];
    const answer = await ask(client, 'contents', { v: 1, items });
    const document = contentsDocumentSchema.parse(answer.json());
    assert.deepEqual(
      document.items.map(({ repository }) => repository),
      ['ns/web'],
    );
    const item = document.items[0]!;
    const { body } = await client.call('GET', `/v2/ns/web/manifests/${digest}`);
    assert.equal(document.content[digest], body.toString());
    const parsed = parseOciManifest(body, item.mediaType);
    assert.ok(parsed.kind === 'manifest' && document.content[parsed.manifest.config.digest] !== undefined);
    assert.deepEqual([item.content.length, document.truncated], [2, false]);
    const etag = String(answer.headers.etag);
    assert.equal((await ask(client, 'contents', { v: 1, items }, { 'if-none-match': etag })).status, 304);
    const referrer = {
      schemaVersion: 2,
      mediaType: MEDIA.ociManifest,
      artifactType: MEDIA.sigstoreBundle,
      config: { mediaType: MEDIA.ociEmpty, digest: await client.pushBlob('ns/web', '{}'), size: 2 },
      layers: [
        { mediaType: MEDIA.sigstoreBundle, digest: await client.pushBlob('ns/web', '{"a":1}'), size: 7 },
      ],
      subject: { mediaType: item.mediaType, digest, size: body.byteLength },
    };
    await client.pushManifest('ns/web', 'x', JSON.stringify(referrer));
    const signed = await ask(client, 'contents', { v: 1, items }, { 'if-none-match': etag });
    assert.equal(signed.status, 200, 'a new signature is a new answer');
    const after = contentsDocumentSchema.parse(signed.json());
    assert.deepEqual([after.items[0]?.referrers.length, after.items[0]?.content.length], [1, 4]);
  }));

test('questions that are no questions are refused, and too many roots', () =>
  withRegistry(async ({ client }) => {
    const root = { repository: 'ns/web' };
    const wrong = [
      '{',
      { v: 2, roots: [] },
      { v: 1 },
      { v: 1, roots: [{ repository: 'NS/web' }] },
      { v: 1, roots: [{ ...root, range: 'newest' }] },
      { v: 1, roots: Array.from({ length: MAX_CLOSURE_ROOTS + 1 }, () => root) },
    ];
    for (const body of wrong) {
      const { status, ours } = await ask(client, 'closure', body);
      assert.deepEqual([status, ours], [400, 'REGISTRY_REQUEST_INVALID'], JSON.stringify(body).slice(0, 60));
    }
    assert.equal((await ask(client, 'contents', { v: 1, items: [{ ...root, digest: 'x' }] })).status, 400);
    assert.equal((await ask(client, 'closure', `${' '.repeat(3 * 1024 * 1024)}{}`)).status, 413);
    assert.equal((await client.call('GET', '/api/v1/closure')).status, 404);
  }));
