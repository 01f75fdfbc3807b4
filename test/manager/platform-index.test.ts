import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pullExtension, resolveWorkspace, signReference, verifyReference } from '#manager';
import { anonymousCredentials, createRemoteRegistry, encodeIndex, packExtension } from '#oci';
import { type Descriptor, MEDIA, parseLock } from '#schemas';
import { policyForKeys } from '#trust';
import { hostPlatform, moduleInstallDir } from '#workspace';
import { NAMESPACE, newKey, openShop, openSite } from './site.js';

const FOREIGN = { os: 'plan9', architecture: 'mips' };

/** An extension whose archive differs by platform: an index of one manifest for this machine and one for another. */
async function publishedIndex(t: TestContext, { annotated = true } = {}) {
  const site = await openSite(t);
  const [os, architecture] = hostPlatform().split('/') as [string, string];
  const client = createRemoteRegistry({
    registry: site.registry,
    credentials: anonymousCredentials,
    env: {},
  });
  t.after(() => client.close());
  const store = client.repository(`${NAMESPACE}/tool`);
  const children: Descriptor[] = [];
  let annotations: Readonly<Record<string, string>> = {};
  for (const platform of [FOREIGN, { os, architecture }]) {
    const dir = site.extension({ name: 'tool', files: { 'platform.txt': `${platform.os}\n` } });
    const packed = await packExtension(dir, { provVersion: '0.1.0' });
    for (const { descriptor, source } of packed.blobs) await store.push(descriptor, source);
    await store.pushManifest(packed.manifestBytes, MEDIA.ociManifest);
    children.push({ ...packed.descriptor, platform });
    annotations = packed.imageManifest.annotations ?? {};
    await packed.close();
  }
  const bytes = encodeIndex({
    schemaVersion: 2,
    artifactType: MEDIA.extension,
    manifests: children,
    ...(annotated ? { annotations } : {}),
  });
  const descriptor = await store.pushManifest(bytes, MEDIA.ociIndex, { tags: ['1.0.0'] });
  return { site, children, descriptor, os };
}

test('an extension that differs by platform is signed, verified, pulled, locked with its manifests and installed', async (t) => {
  const { site, children, descriptor, os } = await publishedIndex(t);
  const { signer, publicKey } = await newKey();
  const reference = site.reference('tool:1.0.0');
  const policy = policyForKeys([publicKey]);
  await assert.rejects(verifyReference({ reference, policy }, site.context), { code: 'TRUST_REFUSED' });
  await signReference({ reference, signer }, site.context);
  await verifyReference({ reference, policy }, site.context);
  const pulled = await pullExtension({ reference, policy, destination: 'pulled' }, site.context);
  assert.equal(readFileSync(join(pulled.destination, 'platform.txt'), 'utf8'), `${os}\n`);

  const workspace = await openShop(site, { tool: '^1' });
  const done = await resolveWorkspace({ workspace }, site.context);
  assert.deepEqual(done.installed, ['tool@1.0.0']);
  const text = readFileSync(workspace.lockFile, 'utf8');
  const [entry] = parseLock(text, 'prov.lock').extensions;
  assert.equal(entry?.manifest?.digest, descriptor.digest);
  assert.deepEqual(
    entry.children?.map(({ digest }) => digest),
    children.map(({ digest }) => digest),
  );
  assert.deepEqual(
    entry.layers.map(({ platform }) => platform),
    ['plan9/mips', hostPlatform()],
  );
  assert.equal(new Set(entry.layers.map(({ tar }) => tar)).size, 2, 'each archive has its own tree');
  const installed = moduleInstallDir(workspace.root, entry);
  assert.equal(readFileSync(join(installed, 'platform.txt'), 'utf8'), `${os}\n`);

  const again = await resolveWorkspace({ workspace, locked: true }, site.context);
  assert.deepEqual([again.lockChanged, again.installed], [false, []]);
  writeFileSync(join(installed, 'platform.txt'), 'edited\n');
  const mended = await resolveWorkspace({ workspace, locked: true }, site.context);
  assert.deepEqual(mended.installed, ['tool@1.0.0'], 'an edit is found and put right');
  rmSync(installed, { recursive: true });
  await resolveWorkspace({ workspace, locked: true }, { ...site.context, offline: true });
  assert.ok(existsSync(installed), 'offline from what this machine has kept');

  const [foreign, own] = children;
  writeFileSync(workspace.lockFile, text.replaceAll(own!.digest, foreign!.digest));
  rmSync(installed, { recursive: true });
  await assert.rejects(resolveWorkspace({ workspace, locked: true }, site.context), {
    code: 'MANAGER_LOCK_EDITED',
    message: /platforms: the lock says/,
  });
});

test('an index that does not say what it is has nothing that a signature could be about, and is refused', async (t) => {
  const { site } = await publishedIndex(t, { annotated: false });
  const { publicKey } = await newKey();
  const reference = site.reference('tool:1.0.0');
  const options = { reference, policy: policyForKeys([publicKey]) };
  await assert.rejects(verifyReference(options, site.context), {
    code: 'MANAGER_NOT_AN_EXTENSION',
    message: /index without the annotation/,
  });
});
