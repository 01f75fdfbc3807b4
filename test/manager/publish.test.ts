import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  copyReference,
  inspectReference,
  listTags,
  pullExtension,
  pushExtension,
  signReference,
  verifyReference,
} from '#manager';
import { createRemoteRegistry } from '#oci';
import { parseReference } from '#schemas';
import { defaultPolicy, policyForKeys } from '#trust';
import { snapshot } from '../support/files.js';
import { NAMESPACE, newKey, openSite } from './site.js';

const writes = ({ requests }: { requests: Readonly<Record<string, number>> }) =>
  ['POST', 'PUT', 'PATCH', 'DELETE'].reduce((sum, method) => sum + (requests[method] ?? 0), 0);
const REDIS = { name: 'redis', files: { 'scripts/install.sh': 'echo 1\n' } };

test('publishing the same again writes nothing', async (t) => {
  const site = await openSite(t);
  const { signer } = await newKey();
  const first = await site.publish(REDIS, { signer });
  assert.equal(first.pushed, true);
  assert.ok(writes(first) > 0);
  assert.equal(first.reference, `${site.registry}/${NAMESPACE}/redis:1.0.0@${first.digest}`);
  const again = await site.publish(REDIS, { signer });
  assert.deepEqual([again.pushed, writes(again), again.digest], [false, 0, first.digest]);
});

test('a dry run writes nothing', async (t) => {
  const site = await openSite(t);
  const result = await site.publish(REDIS, { dryRun: true });
  assert.deepEqual([result.pushed, writes(result)], [false, 0]);
  await assert.rejects(inspectReference(site.reference('redis:1.0.0'), site.context), {
    code: 'OCI_REFERENCE_NOT_FOUND',
  });
});

test('a version that exists with other content is a conflict and stays what it is', async (t) => {
  const site = await openSite(t);
  const { digest } = await site.publish(REDIS);
  await assert.rejects(site.publish({ ...REDIS, files: { 'scripts/install.sh': 'echo 2\n' } }), {
    code: 'MANAGER_VERSION_EXISTS',
    message: new RegExp(`redis:1\\.0\\.0 is already published .*${digest}`),
  });
  assert.equal((await inspectReference(site.reference('redis:1.0.0'), site.context)).digest, digest);
});

test('name and version that were asked for must be those of the manifest', async (t) => {
  const site = await openSite(t);
  for (const expect of [{ name: 'other' }, { version: '2.0.0' }])
    await assert.rejects(site.publish(REDIS, { expect }), { code: 'MANAGER_VERSION_DISAGREES' });
  assert.equal((await site.publish(REDIS, { expect: { name: 'redis', version: '1.0.0' } })).pushed, true);
});

test('a directory without a manifest and a namespace that is none are refused', async (t) => {
  const site = await openSite(t);
  const options = { registry: site.registry, namespace: NAMESPACE };
  await assert.rejects(pushExtension({ ...options, dir: site.folder }, site.context), {
    code: 'OCI_PACK_MANIFEST_MISSING',
  });
  await assert.rejects(site.publish(REDIS, { namespace: '../x' }), { code: 'SCHEMAS_REFERENCE_INVALID' });
});

test("a second key adds its signature, and each key's policy accepts", async (t) => {
  const site = await openSite(t);
  const [first, second] = [await newKey(), await newKey()];
  const { digest } = await site.publish(REDIS, { signer: first.signer });
  const reference = site.reference('redis:1.0.0');
  const added = await signReference({ reference, signer: second.signer }, site.context);
  assert.deepEqual([added.added, added.digest], [true, digest]);
  assert.equal((await signReference({ reference, signer: second.signer }, site.context)).added, false);
  const inspected = await inspectReference(reference, site.context);
  assert.ok('version' in inspected);
  assert.equal(inspected.signatures, 4, 'a bundle and a .sig entry each');
  for (const { publicKey } of [first, second]) {
    const verified = await verifyReference({ reference, policy: policyForKeys([publicKey]) }, site.context);
    assert.ok(verified.signer?.includes(publicKey.id), verified.signer);
  }
});

test('unsigned content, and content that another key signed, is refused under a policy', async (t) => {
  const site = await openSite(t);
  const [own, other] = [await newKey(), await newKey()];
  await site.publish({ ...REDIS, version: '1.0.0' });
  await site.publish({ ...REDIS, version: '1.1.0' }, { signer: other.signer });
  const policy = policyForKeys([own.publicKey]);
  const destination = join(site.folder, 'out');
  for (const version of ['1.0.0', '1.1.0']) {
    const reference = site.reference(`redis:${version}`);
    await assert.rejects(verifyReference({ reference, policy }, site.context), { code: 'TRUST_REFUSED' });
    await assert.rejects(pullExtension({ reference, destination, policy }, site.context), {
      code: 'TRUST_REFUSED',
    });
  }
  assert.equal(existsSync(destination), false);
  const tolerant = { reference: site.reference('redis:1.0.0'), policy: defaultPolicy('solo'), destination };
  assert.equal((await pullExtension(tolerant, site.context)).signer, undefined);
});

test('a pull gives back the directory; a range picks the newest release', async (t) => {
  const site = await openSite(t);
  for (const version of ['1.0.0', '1.9.0', '1.10.0', '2.0.0-rc.1', '2.0.0'])
    await site.publish({ ...REDIS, version });
  const pulled = async (text: string) => {
    const options = { reference: site.reference(text), dryRun: true };
    return (await pullExtension(options, site.context)).version;
  };
  assert.equal(await pulled('redis@^1.0.0'), '1.10.0');
  assert.equal(await pulled('redis@<1.10.0'), '1.9.0');
  assert.equal(await pulled('redis@>=2.0.0-rc.0,<2.0.0'), '2.0.0-rc.1');
  assert.equal(await pulled('redis'), '2.0.0');
  await assert.rejects(pulled('redis@^3'), { code: 'OCI_REFERENCE_NOT_FOUND' });
  assert.equal((await listTags(site.reference('redis'), site.context)).tags.length, 5);
  const destination = join(site.folder, 'out');
  const result = await pullExtension({ reference: site.reference('redis:1.9.0'), destination }, site.context);
  assert.deepEqual([result.written, result.destination], [true, destination]);
  assert.deepEqual(snapshot(destination), snapshot(join(site.folder, 'sources/redis-1.9.0')));
});

test('content under the tag of another version or the name of another extension is refused', async (t) => {
  const site = await openSite(t);
  const { publicKey, signer } = await newKey();
  await site.publish(REDIS, { signer });
  const client = createRemoteRegistry({ registry: site.registry, env: site.context.env, userAgent: 'test' });
  t.after(() => client.close());
  const store = client.repository(`${NAMESPACE}/redis`);
  await store.tag(await store.resolve('1.0.0'), 'newest');
  const policy = policyForKeys([publicKey]);
  const moved = await pullExtension(
    { reference: site.reference('redis:newest'), policy, dryRun: true },
    site.context,
  );
  assert.equal(moved.version, '1.0.0', 'a moving tag says nothing of the version');
  const layout = join(site.folder, 'layout');
  for (const target of [
    `oci-layout:${layout}#${NAMESPACE}/redis:9.9.9`,
    `oci-layout:${layout}#${NAMESPACE}/other:1.0.0`,
  ]) {
    const to = parseReference(target);
    assert.ok(to.type === 'oci-layout');
    await copyReference({ from: site.reference('redis:1.0.0'), to }, site.context);
    for (const given of [undefined, policy])
      await assert.rejects(
        pullExtension({ reference: to, policy: given, dryRun: true }, site.context),
        { code: 'MANAGER_CONTENT_MISNAMED' },
        target,
      );
    await assert.rejects(verifyReference({ reference: to, policy }, site.context), target);
  }
});

test('a copy to a layout and back carries the signatures, and the second time sends nothing', async (t) => {
  const [site, mirror] = [await openSite(t), await openSite(t)];
  const { publicKey, signer } = await newKey();
  const { digest } = await site.publish(REDIS, { signer });
  const layout = parseReference(`oci-layout:${join(site.folder, 'layout')}#${NAMESPACE}/redis:1.0.0`);
  assert.ok(layout.type === 'oci-layout');
  await copyReference({ from: site.reference('redis:1.0.0'), to: layout }, site.context);
  const policy = policyForKeys([publicKey]);
  assert.equal((await verifyReference({ reference: layout, policy }, site.context)).digest, digest);
  const to = mirror.reference('redis:1.0.0');
  const first = await copyReference({ from: layout, to }, site.context);
  assert.ok(first.copied > 0 && first.digest === digest);
  assert.equal((await verifyReference({ reference: to, policy }, mirror.context)).digest, digest);
  assert.equal((await copyReference({ from: layout, to }, site.context)).copied, 0);
  const wrong = { ...to, digest: `sha256:${'0'.repeat(64)}` as const };
  await assert.rejects(copyReference({ from: layout, to: wrong }, site.context), {
    code: 'OCI_DIGEST_MISMATCH',
  });
});

test('a vendored asset is pushed with the extension, once', async (t) => {
  const site = await openSite(t);
  const bytes = 'a tool';
  const { digestOf } = await import('#base');
  const sha256 = digestOf(bytes).slice('sha256:'.length);
  const sample = {
    name: 'redis',
    manifest: { assets: [{ name: 'tool', source: 'file:tool', sha256, size: bytes.length }] },
    files: { tool: bytes },
  };
  await site.publish(sample, { vendorAssets: 'all' });
  const { layers } = await inspectReference(site.reference('redis:1.0.0'), site.context);
  assert.deepEqual(
    layers.map(({ asset, digest }) => [asset, digest === `sha256:${sha256}`]),
    [
      [undefined, false],
      ['tool', true],
    ],
  );
  assert.equal(readFileSync(join(site.folder, 'sources/redis-1.0.0/tool'), 'utf8'), bytes);
});
