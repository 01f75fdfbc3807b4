import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Digest, digestOf } from '#base';
import { openDatabase } from '#db';
import { configBlob, type LifecycleState, MEDIA } from '#schemas';
import { buildStatus, loadPrivateKey, referrerManifest, type Signer, signArtifact } from '#trust';
import type { RegistryClient } from '../test/registry-client.js';
import { describe, extension, extensionImage, imageManifest, pushExtension } from '../test/sample-content.js';
import { withRegistry } from '../test/with-registry.js';

const REPO = 'ns/redis';
const REDIS = extension({ name: 'redis' });

async function newSigner(): Promise<Signer> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return loadPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

async function subjectOf(client: RegistryClient) {
  const { headers } = await client.call('HEAD', `/v2/${REPO}/manifests/1.0.0`);
  return {
    mediaType: MEDIA.ociManifest,
    digest: headers['docker-content-digest'] as Digest,
    size: Number(headers['content-length']),
  };
}

/** Pushes a status and returns the path of its manifest. */
async function say(
  client: RegistryClient,
  { sequence, state, signer }: { sequence: number; state: LifecycleState; signer?: Signer | undefined },
): Promise<string> {
  const subject = await subjectOf(client);
  const bytes = await buildStatus(
    {
      subject: { digest: subject.digest, repository: REPO },
      state,
      reason: `said ${sequence}`,
      sequence,
      issuedAt: '2026-01-01T00:00:00Z',
    },
    signer,
  );
  await client.pushBlob(REPO, bytes);
  await client.pushBlob(REPO, '{}');
  const manifest = JSON.stringify(
    imageManifest([], {
      artifactType: MEDIA.status,
      layers: [describe(MEDIA.dsseEnvelope, bytes)],
      subject,
    }),
  );
  const digest = digestOf(manifest);
  assert.equal((await client.pushManifest(REPO, digest, manifest)).status, 201);
  return `/v2/${REPO}/manifests/${digest}`;
}

async function sign(client: RegistryClient, signer: Signer): Promise<void> {
  const subject = await subjectOf(client);
  const { body } = await client.call('GET', `/v2/${REPO}/manifests/1.0.0`);
  const signed = await signArtifact({
    manifest: { descriptor: subject, bytes: body },
    repository: REPO,
    version: '1.0.0',
    kind: 'taskserv',
    key: signer,
    dockerReference: `localhost:5000/${REPO}:1.0.0`,
  });
  const built = referrerManifest(subject, signed.bundle);
  for (const { bytes } of built.blobs) await client.pushBlob(REPO, bytes);
  const answer = await client.pushManifest(
    REPO,
    built.descriptor.digest,
    Buffer.from(built.bytes).toString(),
  );
  assert.equal(answer.status, 201);
}

async function entryOf(client: RegistryClient) {
  const answer = await client.call('GET', `/api/v1/index/${REPO}`);
  const [entry] = answer.json<{
    entries: { state: string; reason?: string; replacement?: string; signers?: string[] }[];
  }>().entries;
  const { state, reason, signers } = entry!;
  return { state, reason, signers, etag: answer.headers.etag };
}

test('the index follows what referrers say, and names whose signatures there are', () =>
  withRegistry(async ({ client }) => {
    const [owner, stranger] = [await newSigner(), await newSigner()];
    await pushExtension(client, REPO, REDIS);
    const before = await entryOf(client);
    assert.deepEqual([before.state, before.signers], ['active', undefined]);
    await sign(client, owner);
    assert.deepEqual((await entryOf(client)).signers, [owner.publicKey.id]);
    await say(client, { sequence: 1, state: 'yanked' });
    const yanked = await entryOf(client);
    assert.deepEqual([yanked.state, yanked.reason], ['yanked', 'said 1']);
    assert.notEqual(yanked.etag, before.etag);
    await say(client, { sequence: 2, state: 'active' });
    await say(client, { sequence: 3, state: 'active', signer: stranger });
    assert.equal((await entryOf(client)).state, 'yanked', 'neither nobody nor a stranger restores');
    const restored = await say(client, { sequence: 4, state: 'active', signer: owner });
    assert.equal((await entryOf(client)).state, 'active');
    const { data } = (await client.call('GET', '/api/v1/extensions')).json<{
      data: { extensions: { state: string }[] };
    }>();
    assert.equal(data.extensions[0]?.state, 'active');
    assert.equal((await client.call('DELETE', restored)).status, 202);
    assert.equal((await entryOf(client)).state, 'yanked', 'what is gone says nothing');
  }));

test('what was said before the extension came counts when it is there', () =>
  withRegistry(async ({ client }) => {
    await pushExtension(client, REPO, REDIS);
    await say(client, { sequence: 1, state: 'revoked' });
    const { digest } = await subjectOf(client);
    await client.call('DELETE', `/v2/${REPO}/manifests/${digest}`);
    assert.equal((await client.call('GET', `/api/v1/index/${REPO}`)).status, 404);
    await client.pushBlob(REPO, configBlob(REDIS));
    assert.equal((await client.pushManifest(REPO, '1.0.0', extensionImage(REDIS))).status, 201);
    assert.equal((await entryOf(client)).state, 'revoked');
  }));

test('what a crash left undone is made up for at the next start', () =>
  withRegistry(async ({ client, registry, dataDir }) => {
    await pushExtension(client, REPO, REDIS);
    await say(client, { sequence: 1, state: 'yanked' });
    await registry.close();
    const db = await openDatabase(join(dataDir, 'registry.db'), { migrations: ['', ''] });
    await db.write([
      { sql: 'INSERT INTO lifecycle_due SELECT repository, digest FROM lifecycle' },
      { sql: 'DELETE FROM lifecycle' },
    ]);
    await db.close();
    await withRegistry(async ({ client: again }) => assert.equal((await entryOf(again)).state, 'yanked'), {
      dataDir,
    });
  }));

test('twenty statuses at once: the highest counts', () =>
  withRegistry(async ({ client }) => {
    const owner = await newSigner();
    await pushExtension(client, REPO, REDIS);
    await sign(client, owner);
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        say(client, { sequence: i + 1, state: i === 19 ? 'deprecated' : 'yanked', signer: owner }),
      ),
    );
    const { state, reason } = await entryOf(client);
    assert.deepEqual([state, reason], ['deprecated', 'said 20']);
  }));
