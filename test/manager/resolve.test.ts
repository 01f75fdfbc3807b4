import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exportMirror, importMirror, requireLock, resolveWorkspace, verifyReference } from '#manager';
import { createRemoteRegistry } from '#oci';
import { policyForKeys } from '#trust';
import { assetInstallPath, moduleInstallDir } from '#workspace';
import { alteringProxy, asForeign } from '../support/altering-proxy.js';
import { NAMESPACE, newKey, openShop, openSite, reopen, type Site } from './site.js';

const FILE = { 'scripts/install.sh': 'echo 1\n' };
async function publishWeb(site: Site, options: Parameters<Site['publish']>[1] = {}): Promise<void> {
  await site.publish({ name: 'os', files: FILE }, options);
  await site.publish({ name: 'web', files: FILE, manifest: { dependencies: { os: '^1' } } }, options);
}

test('a lock is the same bytes on repeat and when the registry moved; only what it does not meet makes it stale', async (t) => {
  const site = await openSite(t);
  await publishWeb(site);
  const workspace = await openShop(site, { web: '^1' });
  const first = await resolveWorkspace({ workspace }, site.context);
  assert.deepEqual(
    [first.resolved, first.lockChanged, first.installed],
    [true, true, ['os@1.0.0', 'web@1.0.0']],
  );
  const bytes = readFileSync(workspace.lockFile, 'utf8');
  assert.ok(!bytes.includes(site.registry), 'no port of this machine');
  const again = await resolveWorkspace({ workspace, locked: true }, site.context);
  assert.deepEqual([again.resolved, again.lockChanged, again.installed], [false, false, []]);

  const moved = await openSite(t);
  await publishWeb(moved);
  const settings = join(workspace.root, 'config/provisioning.yaml');
  writeFileSync(settings, readFileSync(settings, 'utf8').replaceAll(site.registry, moved.registry));
  rmSync(workspace.lockFile);
  rmSync(join(workspace.root, '.cache'), { recursive: true });
  const elsewhere = await reopen(moved, workspace.root);
  await resolveWorkspace({ workspace: elsewhere }, moved.context);
  assert.equal(readFileSync(workspace.lockFile, 'utf8'), bytes);

  writeFileSync(settings, readFileSync(settings, 'utf8').replace('^1', '~1.0.0'));
  const respelled = await reopen(moved, workspace.root);
  const fits = await resolveWorkspace({ workspace: respelled, locked: true }, moved.context);
  assert.equal(fits.resolved, false, 'a range that the lock meets is no difference');
  writeFileSync(settings, readFileSync(settings, 'utf8').replace('~1.0.0', '^2'));
  const changed = await reopen(moved, workspace.root);
  await assert.rejects(resolveWorkspace({ workspace: changed, locked: true }, moved.context), {
    code: 'MANAGER_LOCK_STALE',
    message: /config\/provisioning\.yaml:\d+ asks for taskserv web \^2; the lock holds 1\.0\.0/,
  });
  assert.equal(readFileSync(workspace.lockFile, 'utf8'), bytes);
});

test('without a lock, --locked and a mirror export say so', async (t) => {
  const site = await openSite(t);
  const workspace = await openShop(site, {});
  await assert.rejects(resolveWorkspace({ workspace, locked: true }, site.context), {
    code: 'MANAGER_LOCK_STALE',
    message: /there is none/,
  });
  await assert.rejects(requireLock(workspace.lockFile), { code: 'MANAGER_LOCK_MISSING' });
});

test('no answer names the file and line that asked, and keeps the old lock', async (t) => {
  const site = await openSite(t);
  await publishWeb(site);
  const workspace = await openShop(site, { web: '^1', os: '^2' });
  writeFileSync(workspace.lockFile, '');
  rmSync(workspace.lockFile);
  await assert.rejects(resolveWorkspace({ workspace }, site.context), {
    code: 'MANAGER_UNRESOLVABLE',
    message: /os[\s\S]*config\/provisioning\.yaml:\d+/,
  });
  assert.equal(existsSync(workspace.lockFile), false);
});

test('a registry of this machine without an id is refused, unless it is allowed', async (t) => {
  const site = await openSite(t);
  await publishWeb(site);
  const { root } = await openShop(site, {});
  const settings = join(root, 'config/provisioning.yaml');
  writeFileSync(
    settings,
    `schema: 1\nworkspace: { name: shop }\nregistry: { url: "${site.registry}", namespace: ${NAMESPACE} }\n` +
      `dependencies: { extensions: { modules: { taskservs: ["oci://${site.registry}/${NAMESPACE}/web@^1"] } } }\n`,
  );
  const workspace = await reopen(site, root);
  await assert.rejects(resolveWorkspace({ workspace }, site.context), { code: 'MANAGER_LOCK_LOOPBACK' });
  const allowed = await resolveWorkspace({ workspace, allowLocal: true }, site.context);
  assert.equal(allowed.lock.extensions.length, 2);
});

test('content that is not the locked one is never installed', async (t) => {
  const site = await openSite(t);
  await publishWeb(site);
  const workspace = await openShop(site, { web: '^1' });
  await resolveWorkspace({ workspace, install: false }, site.context);
  const [moved, impostor] = [await openSite(t), '# not the same\n'];
  await publishWeb({
    ...moved,
    publish: (sample) => moved.publish({ ...sample, files: { 'scripts/install.sh': impostor } }),
  });
  const settings = join(workspace.root, 'config/provisioning.yaml');
  writeFileSync(settings, readFileSync(settings, 'utf8').replaceAll(site.registry, moved.registry));
  const elsewhere = await reopen(moved, workspace.root);
  await assert.rejects(resolveWorkspace({ workspace: elsewhere, locked: true }, moved.context), {
    name: 'ProvError',
    code: /^(?:OCI_REFERENCE_NOT_FOUND|OCI_CONTENT_MISSING|MANAGER_LOCK_CONTENT_CHANGED)$/,
  });
  assert.equal(existsSync(join(workspace.root, '.cache/modules')), false);
});

test('an install that was edited is put right, and a lost asset is fetched again', async (t) => {
  const site = await openSite(t);
  const { digestOf } = await import('#base');
  const sha256 = digestOf('a tool').slice('sha256:'.length);
  const assets = [{ name: 'tool', source: 'file:tool', sha256, size: 6 }];
  await site.publish(
    { name: 'web', manifest: { assets }, files: { ...FILE, tool: 'a tool' } },
    { vendorAssets: 'all' },
  );
  const workspace = await openShop(site, { web: '^1' });
  const { lock } = await resolveWorkspace({ workspace }, site.context);
  const dir = moduleInstallDir(workspace.root, lock.extensions[0]!);
  const script = join(dir, 'scripts/install.sh');
  appendFileSync(script, 'rm -rf /\n');
  assert.deepEqual((await resolveWorkspace({ workspace }, site.context)).installed, ['web@1.0.0']);
  assert.equal(readFileSync(script, 'utf8'), FILE['scripts/install.sh']);
  const asset = assetInstallPath(workspace.root, sha256);
  rmSync(asset);
  assert.deepEqual((await resolveWorkspace({ workspace }, site.context)).installed, ['web@1.0.0']);
  assert.equal(readFileSync(asset, 'utf8'), 'a tool');
});

test('an asset that is neither vendored nor upstream is told with what to do', async (t) => {
  const site = await openSite(t);
  const missing = { name: 'tool', source: 'file:/nowhere/at/all', sha256: '0'.repeat(64) };
  await site.publish({ name: 'web', manifest: { assets: [missing] }, files: FILE });
  const workspace = await openShop(site, { web: '^1' });
  await assert.rejects(resolveWorkspace({ workspace }, site.context), {
    code: 'MANAGER_ASSET_NOT_VENDORED',
    hint: /--vendor-assets=/,
  });
  assert.equal(existsSync(workspace.lockFile), false);
});

test('what is not an extension, a local directory and an unknown registry are told apart', async (t) => {
  const site = await openSite(t);
  const client = createRemoteRegistry({ registry: site.registry, env: site.context.env, userAgent: 'test' });
  t.after(() => client.close());
  const { attachArtifact } = await import('#oci');
  await site.publish({ name: 'web', files: FILE });
  const web = client.repository(`${NAMESPACE}/web`);
  const other = await attachArtifact(web, {
    subject: await web.resolve('1.0.0'),
    artifactType: 'application/x-other',
  });
  await web.tag(other, '1.5.0');
  const workspace = await openShop(site, { web: '^1.5' });
  await assert.rejects(resolveWorkspace({ workspace }, site.context), { code: 'MANAGER_UNRESOLVABLE' });
  const proxy = await alteringProxy(t, site.registry);
  proxy.alter = asForeign;
  const foreign = await openShop({ ...site, registry: proxy.host }, { web: '^1.5' }, { name: 'foreign' });
  await assert.rejects(resolveWorkspace({ workspace: foreign }, site.context), {
    code: 'MANAGER_NOT_AN_EXTENSION',
  });
  const path = { ...workspace.requirements[0]!, registry: undefined, repository: undefined, path: './x' };
  await assert.rejects(
    resolveWorkspace({ workspace: { ...workspace, requirements: [path] } }, site.context),
    { code: 'MANAGER_PATH_REQUIREMENT' },
  );
  const unknown = { ...workspace.requirements[0]!, registry: 'gone' };
  await assert.rejects(
    resolveWorkspace({ workspace: { ...workspace, requirements: [unknown] } }, site.context),
    { code: 'MANAGER_REGISTRY_UNKNOWN', hint: /main/ },
  );
});

test('a mirror carries everything with its signatures; a policy of another key lets nothing in', async (t) => {
  const [site, mirror] = [await openSite(t), await openSite(t)];
  const [own, other] = [await newKey(), await newKey()];
  await publishWeb(site, { signer: own.signer });
  const workspace = await openShop(site, { web: '^1' });
  await resolveWorkspace({ workspace, install: false }, site.context);
  const file = join(site.folder, 'bundle.tar');
  await exportMirror({ lockFile: workspace.lockFile, output: file }, site.context);
  const refused = importMirror(
    { file, to: mirror.registry, policy: policyForKeys([other.publicKey]) },
    mirror.context,
  );
  await assert.rejects(refused, { code: 'TRUST_REFUSED' });
  const reference = mirror.reference('web:1.0.0');
  const policy = policyForKeys([own.publicKey]);
  await assert.rejects(verifyReference({ reference, policy }, mirror.context), {
    code: 'OCI_REFERENCE_NOT_FOUND',
  });
  const imported = await importMirror({ file, to: mirror.registry, policy }, mirror.context);
  assert.equal(imported.extensions, 2);
  await verifyReference({ reference, policy }, mirror.context);
  const again = await importMirror({ file, to: mirror.registry, policy }, mirror.context);
  assert.equal(again.copied, 0);
});

test('an install from an empty cache asks for all manifests at once; when one fails, what depends on it is not begun and the rest is whole', async (t) => {
  const publish = async (site: Site, odd?: string) => {
    const needs = { aa: {}, bb: { aa: '^1' }, cc: { bb: '^1' }, dd: {}, ee: { dd: '^1' } };
    for (const [name, dependencies] of Object.entries(needs))
      await site.publish({
        name,
        manifest: { dependencies },
        files: { 'scripts/install.sh': `echo ${name === odd ? 'odd' : name}\n` },
      });
  };
  const site = await openSite(t);
  await publish(site);
  const workspace = await openShop(site, { cc: '^1', ee: '^1' });
  await resolveWorkspace({ workspace, install: false }, site.context);
  rmSync(join(site.home, '.provisioning'), { recursive: true });
  const { installed, requests } = await resolveWorkspace({ workspace, locked: true }, site.context);
  assert.deepEqual(installed, ['aa@1.0.0', 'bb@1.0.0', 'cc@1.0.0', 'dd@1.0.0', 'ee@1.0.0']);
  assert.deepEqual(requests, { POST: 1, GET: 5 }, 'one for the manifests, one for each archive');

  const moved = await openSite(t);
  await publish(moved, 'bb');
  const settings = join(workspace.root, 'config/provisioning.yaml');
  writeFileSync(settings, readFileSync(settings, 'utf8').replaceAll(site.registry, moved.registry));
  rmSync(join(workspace.root, '.cache'), { recursive: true });
  const elsewhere = await reopen(moved, workspace.root);
  await assert.rejects(resolveWorkspace({ workspace: elsewhere, locked: true }, moved.context), {
    code: /^(?:OCI_REFERENCE_NOT_FOUND|OCI_CONTENT_MISSING)$/,
  });
  const { lock } = await resolveWorkspace({ workspace, locked: true, dryRun: true }, site.context);
  const here = lock.extensions.filter((entry) => existsSync(moduleInstallDir(workspace.root, entry)));
  const names = here.map(({ name }) => name);
  assert.ok(!names.includes('bb') && !names.includes('cc'), names.join());
  const folders = [...new Set(here.map((entry) => join(moduleInstallDir(workspace.root, entry), '..')))];
  for (const folder of folders)
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('.')),
      [],
      'nothing half done is beside them',
    );
  const rest = await resolveWorkspace({ workspace, locked: true }, site.context);
  assert.deepEqual(
    rest.installed.map((each) => each.split('@')[0]),
    ['aa', 'bb', 'cc', 'dd', 'ee'].filter((name) => !names.includes(name)),
  );
});
