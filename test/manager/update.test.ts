import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ResolveWorkspaceOptions, resolveWorkspace } from '#manager';
import type { Lock } from '#schemas';
import type { Workspace } from '#workspace';
import { newKey, openShop, openSite, reopen, type Site } from './site.js';

const versionsOf = ({ extensions }: Lock) =>
  Object.fromEntries(extensions.map(({ name, version }) => [name, version]));

async function publishAll(site: Site, all: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  for (const [named, dependencies] of Object.entries(all)) {
    const [name = '', version] = named.split('@');
    await site.publish({ name, version: version!, manifest: { dependencies } });
  }
}

/** A shop locked at 1.0.0 everywhere, then newer versions of everything. */
async function locked(t: TestContext) {
  const site = await openSite(t);
  await publishAll(site, {
    'os@1.0.0': {},
    'log@1.0.0': {},
    'web@1.0.0': { os: '>=1' },
    'db@1.0.0': { os: '>=1', log: '>=1' },
  });
  const workspace = await openShop(site, { web: '>=1', db: '>=1' });
  await resolveWorkspace({ workspace, install: false }, site.context);
  const go = (options: Partial<ResolveWorkspaceOptions>) =>
    resolveWorkspace({ workspace, install: false, ...options }, site.context);
  return { site, workspace, go };
}

test('updating one name moves that one, and what only it forces, with the reason', async (t) => {
  const { site, go } = await locked(t);
  await publishAll(site, {
    'os@1.1.0': {},
    'log@1.1.0': {},
    'db@1.1.0': { os: '>=1', log: '>=1' },
    'web@1.1.0': { os: '>=1.1' },
  });
  const alone = await go({ update: { names: ['db'] } });
  assert.deepEqual(versionsOf(alone.lock), { db: '1.1.0', log: '1.0.0', os: '1.0.0', web: '1.0.0' });
  const forced = await go({ update: { names: ['taskserv/web'] }, dryRun: true });
  assert.deepEqual(versionsOf(forced.lock), { db: '1.1.0', log: '1.0.0', os: '1.1.0', web: '1.1.0' });
  const os = forced.changes.find(({ name }) => name === 'os');
  assert.match(os?.reason ?? '', /os/);
  assert.equal(forced.changes.find(({ name }) => name === 'web')?.reason, undefined);
  for (const { requiredBy } of forced.lock.extensions) assert.ok(!requiredBy.includes('(command line)'));
});

test('an update goes to the version that is named, never past a requirement, and knows what it was given', async (t) => {
  const { site, workspace, go } = await locked(t);
  await publishAll(site, { 'log@1.1.0': {}, 'log@1.2.0': {} });
  const { lock } = await go({ update: { names: ['log'], to: '1.1.0' } });
  assert.equal(versionsOf(lock)['log'], '1.1.0');
  const before = readFileSync(workspace.lockFile);
  await assert.rejects(go({ update: { names: ['log'], to: '9.9.9' } }), { code: 'MANAGER_UNRESOLVABLE' });
  await assert.rejects(go({ update: { names: ['lgo'] } }), { code: 'MANAGER_UPDATE_UNKNOWN' });
  assert.deepEqual(readFileSync(workspace.lockFile), before);
  assert.equal(versionsOf((await go({ update: {} })).lock)['log'], '1.2.0');
});

test('an update leaves nothing behind that nobody requires any more', async (t) => {
  const site = await openSite(t);
  await publishAll(site, { 'log@1.0.0': {}, 'db@1.0.0': { log: '~1.0.0' } });
  const workspace = await openShop(site, { db: '>=1' });
  await resolveWorkspace({ workspace, install: false }, site.context);
  await publishAll(site, { 'log@1.1.0': {}, 'db@1.1.0': {} });
  const update = { names: ['log'], to: '1.1.0' };
  const { lock } = await resolveWorkspace({ workspace, install: false, update }, site.context);
  assert.deepEqual(versionsOf(lock), { db: '1.1.0' });
  await resolveWorkspace({ workspace, install: false, locked: true }, site.context);
});

test('risky changes are asked about, once; a no changes nothing', async (t) => {
  const { site, workspace, go } = await locked(t);
  await publishAll(site, { 'log@2.0.0': {}, 'os@1.0.1': {} });
  const before = readFileSync(workspace.lockFile);
  const asked: unknown[] = [];
  const confirm = async (changes: readonly { name: string; risks?: readonly string[] }[]) => {
    asked.push(changes.map(({ name, risks }) => [name, risks]));
    return false;
  };
  await assert.rejects(go({ update: {}, confirm }), { code: 'MANAGER_PLAN_DECLINED' });
  assert.deepEqual(asked, [
    [
      ['log', ['major']],
      ['os', undefined],
    ],
  ]);
  assert.deepEqual(readFileSync(workspace.lockFile), before);
  await go({ update: { names: ['os'] }, confirm });
  assert.equal(asked.length, 1, 'a patch is nothing to ask about');
  const signer = (await newKey()).signer;
  await site.publish({ name: 'log', version: '2.0.1' }, { signer });
  await go({ update: {}, confirm: async () => true });
  assert.equal(existsSync(workspace.lockFile), true);
});

test('frozen installs what the lock says, whatever is asked for today; without a lock it says so', async (t) => {
  const { site, workspace } = await locked(t);
  const settings = join(workspace.root, 'config/provisioning.yaml');
  writeFileSync(settings, readFileSync(settings, 'utf8').replace('web: ">=1"', 'web: ^9'));
  const changed = await reopen(site, workspace.root);
  assert.equal(
    changed.requirements.some(({ range }) => range === '^9'),
    true,
  );
  await assert.rejects(resolveWorkspace({ workspace: changed, locked: true }, site.context), {
    code: 'MANAGER_LOCK_STALE',
  });
  const frozen = await resolveWorkspace({ workspace: changed, frozen: true }, site.context);
  assert.deepEqual([frozen.resolved, frozen.installed.length], [false, 4]);
  await assert.rejects(
    resolveWorkspace(
      { workspace: { ...changed, lockFile: join(site.folder, 'none') }, frozen: true },
      site.context,
    ),
    { code: 'MANAGER_LOCK_MISSING' },
  );
});

test('a minimum age keeps young versions out; a time that nobody signed counts only when that is said', async (t) => {
  const { site, workspace, go } = await locked(t);
  const aged = (min_age: string, age_source?: 'registry'): Workspace => ({
    ...workspace,
    resolution: { ...workspace.resolution, min_age, ...(age_source && { age_source }) },
  });
  const later = {
    ...site.context,
    env: { ...site.context.env, SOURCE_DATE_EPOCH: String(Date.now() / 1000 + 7200).slice(0, 10) },
  };
  const resolveAged = (shop: Workspace, context = site.context) =>
    resolveWorkspace({ workspace: shop, install: false }, context);
  await assert.rejects(resolveAged(aged('1h', 'registry')), { code: 'MANAGER_UNRESOLVABLE' });
  await assert.rejects(resolveAged(aged('1h'), later), { code: 'MANAGER_UNRESOLVABLE' });
  const { lock } = await resolveAged(aged('1h', 'registry'), later);
  assert.match(lock.policy.publishedBefore ?? '', /^20\d\d-.*:00\.000Z$/);
  const lockedBy = (shop: Workspace, context = later) =>
    resolveWorkspace({ workspace: shop, install: false, locked: true }, context);
  await lockedBy(aged('1h', 'registry'));
  const past = { ...site.context, env: { ...later.env, SOURCE_DATE_EPOCH: '1' } };
  await lockedBy({ ...workspace }, past);
  for (const [shop, message] of [
    [
      aged('3h', 'registry'),
      /db 1\.0\.0 was published 20\S+; the minimum age of 3h allows what is older than 20/,
    ],
    [aged('1h'), /times of publication that nobody signed/],
  ] as const)
    await assert.rejects(lockedBy(shop), { code: 'MANAGER_LOCK_STALE', message });
  rmSync(workspace.lockFile);
  await go({});
  await assert.rejects(lockedBy(aged('1m')), {
    code: 'MANAGER_LOCK_STALE',
    message: /without the minimum age/,
  });
});
