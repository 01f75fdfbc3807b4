import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ProvError } from '#base';
import { type ManagerContext, resolveWorkspace } from '#manager';
import type { Lock } from '#schemas';
import type { Signer } from '#trust';
import type { Workspace } from '#workspace';
import { newKey, openShop, openSite, reopen, type Site } from './site.js';

const SETTINGS = 'config/provisioning.yaml';
const DAYS = 24 * 3600;

const versions = ({ extensions }: Lock) =>
  Object.fromEntries(extensions.map(({ name, version }) => [name, version]));

const policyOf = ({ publicKey }: Signer, mode: 'enforce' | 'warn') => `apiVersion: prov.dev/trust/v1
version: 1
keys:
  ann: {pem: ${JSON.stringify(publicKey.pem)}}
principals: {ann: {keys: [ann]}}
authorities: {ours: {threshold: 1, of: [ann]}}
rules: [{match: {repository: "team/**"}, mode: ${mode}, ${mode === 'warn' ? 'reason: a test, until: 2999-01-01, ' : ''}require: [{signature: {by: ours}}]}]
`;

async function settled(site: Site, { root }: Workspace, resolution: string): Promise<Workspace> {
  const path = join(root, SETTINGS);
  const text = readFileSync(path, 'utf8').replace(/^resolution:\n(?: .*\n)*/m, '');
  writeFileSync(path, `${text.trimEnd()}\nresolution:\n${resolution}`);
  return reopen(site, root);
}

/** The same, so many days later. */
function later({ context }: Site, days: number): ManagerContext {
  const epoch = String(Math.trunc(Date.now() / 1000) + days * DAYS);
  return { ...context, env: { ...context.env, SOURCE_DATE_EPOCH: epoch } };
}

test('a minimum age is satisfied by a time that an accepted signer signed, not by what the registry says', async (t) => {
  const site = await openSite(t);
  const { signer } = await newKey();
  await site.publish({ name: 'web' }, { signer });
  await site.publish({ name: 'web', version: '1.1.0' });
  const { signer: stranger } = await newKey();
  await site.publish({ name: 'web', version: '1.2.0' }, { signer: stranger });
  const shop = await openShop(site, { web: '*' });
  writeFileSync(join(shop.root, 'config/trust-policy.yaml'), policyOf(signer, 'warn'));
  const workspace = await settled(site, shop, '  min_age: 7d\n');
  const before = Date.now();
  await assert.rejects(resolveWorkspace({ workspace, install: false }, site.context), {
    code: 'MANAGER_UNRESOLVABLE',
    message: /every version of web was published on/,
  });
  const { lock } = await resolveWorkspace({ workspace, install: false }, later(site, 30));
  assert.deepEqual(versions(lock), { web: '1.0.0' }, 'the newest whose time is signed');
  const published = Date.parse(lock.extensions[0]!.publishedAt!);
  assert.ok(Math.abs(published - before) < 600_000);
  const text = readFileSync(workspace.lockFile, 'utf8');
  // What the lock says of it is verified as well.
  writeFileSync(
    workspace.lockFile,
    text.replace(/publishedAt: \S+/, `publishedAt: "2020-01-01T00:00:00.000Z"`),
  );
  await assert.rejects(resolveWorkspace({ workspace, locked: true }, later(site, 30)), {
    code: 'MANAGER_LOCK_EDITED',
    message: /publishedAt: the lock says 2020/,
  });
  writeFileSync(workspace.lockFile, text);
});

test('a version that the trust policy refuses ends a resolution with fixes that lead to accepted ones', async (t) => {
  const site = await openSite(t);
  const { signer } = await newKey();
  await site.publish({ name: 'os', version: '1.0.0' }, { signer });
  await site.publish({ name: 'os', version: '1.1.0' });
  await site.publish({ name: 'os', version: '1.2.0' });
  await site.publish({ name: 'web', manifest: { dependencies: { os: '^1' } } }, { signer });
  const workspace = await openShop(site, { web: '*' });
  writeFileSync(join(workspace.root, 'config/trust-policy.yaml'), policyOf(signer, 'enforce'));
  await assert.rejects(resolveWorkspace({ workspace }, site.context), (error: ProvError) => {
    assert.equal(error.code, 'TRUST_REFUSED');
    assert.equal(error.exitCode, 6);
    assert.equal(error.details['reason'], 'unsigned');
    assert.match(error.message, /os:1\.2\.0@sha256:\w+ is refused/);
    assert.match(error.message, /Fixes \(each was solved and works\):/);
    assert.match(error.message, /os 1\.0\.0/, 'the one that is signed');
    assert.doesNotMatch(error.message, /→ .*os 1\.1\.0/);
    return true;
  });
  const lenient = await settled(site, workspace, '  signatures: prefer\n');
  const { lock, installed } = await resolveWorkspace({ workspace: lenient }, site.context);
  assert.deepEqual(versions(lock), { os: '1.0.0', web: '1.0.0' });
  assert.deepEqual(installed, ['os@1.0.0', 'web@1.0.0']);
  // Somebody may publish so much that nobody accepts that going on does not end.
  for (let minor = 3; minor <= 130; minor += 1) await site.publish({ name: 'os', version: `1.${minor}.0` });
  const update = () => resolveWorkspace({ workspace: lenient, update: {}, install: false }, site.context);
  await assert.rejects(update(), { code: 'MANAGER_UNSETTLED', exitCode: 7 });
  assert.match(readFileSync(workspace.lockFile, 'utf8'), /version: 1\.0\.0/);
});
