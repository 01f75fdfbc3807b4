import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { resolveWorkspace } from '#manager';
import type { Lock } from '#schemas';
import type { Workspace } from '#workspace';
import { prov } from '../support/prov.js';
import { openShop, openSite, reopen, type Site } from './site.js';

const SETTINGS = 'config/provisioning.yaml';

/** Opens a workspace again with other settings of resolution. */
async function settled(site: Site, { root }: Workspace, resolution: string): Promise<Workspace> {
  const path = join(root, SETTINGS);
  const text = readFileSync(path, 'utf8').replace(/^resolution:\n(?: .*\n)*/m, '');
  writeFileSync(path, `${text.trimEnd()}\nresolution:\n${resolution}`);
  return reopen(site, root);
}

const versions = ({ extensions }: Lock) =>
  Object.fromEntries(extensions.map(({ name, version }) => [name, version]));

async function resolved(workspace: Workspace, site: Site) {
  return (await resolveWorkspace({ workspace, install: false }, site.context)).lock;
}

/** web needs redis, app anything that is a runtime. */
async function site(t: TestContext): Promise<Site> {
  const place = await openSite(t);
  for (const version of ['6.0.0', '7.0.0', '7.1.0']) await place.publish({ name: 'redis', version });
  for (const name of ['docker', 'podman'])
    await place.publish({ name, manifest: { provides: { runtime: { version: '1.0.0', exclusive: true } } } });
  await place.publish({ name: 'web', manifest: { dependencies: { redis: '*' } } });
  await place.publish({ name: 'app', manifest: { dependencies: { runtime: '*' } } });
  return place;
}

test('a constraint holds whoever asks, makes a lock stale, and is named with its line where nothing fits', async (t) => {
  const place = await site(t);
  const workspace = await openShop(place, { web: '*' });
  assert.equal(versions(await resolved(workspace, place))['redis'], '7.1.0');
  const older = await settled(place, workspace, '  constraints: { redis: ^6 }\n');
  await assert.rejects(resolveWorkspace({ workspace: older, locked: true }, place.context), {
    code: 'MANAGER_LOCK_STALE',
    message: /resolution\.constraints says redis \^6; the lock holds 7\.1\.0/,
  });
  assert.equal(versions(await resolved(older, place))['redis'], '6.0.0');
  await resolveWorkspace({ workspace: older, locked: true }, place.context);
  const none = await settled(place, workspace, '  constraints:\n    redis: ^9\n');
  const line = readFileSync(join(workspace.root, SETTINGS), 'utf8').split('\n').indexOf('    redis: ^9') + 1;
  await assert.rejects(resolved(none, place), {
    code: 'MANAGER_UNRESOLVABLE',
    message: new RegExp(`config/provisioning\\.yaml:${line}`),
  });
});

test('a version that an advisory names is not chosen, and not kept from a lock', async (t) => {
  const place = await site(t);
  const workspace = await openShop(place, { web: '*' });
  await resolved(workspace, place);
  const warned = await settled(
    place,
    workspace,
    '  advisories:\n    - { extension: redis, range: ">=7.1.0", id: CVE-2026-0001 }\n',
  );
  await assert.rejects(resolveWorkspace({ workspace: warned, locked: true }, place.context), {
    code: 'MANAGER_LOCK_STALE',
    message: /CVE-2026-0001 is about redis >=7\.1\.0; the lock holds 7\.1\.0/,
  });
  assert.equal(versions(await resolved(warned, place))['redis'], '7.0.0');
  const all = await settled(
    place,
    workspace,
    '  advisories:\n    - { extension: redis, range: "*", id: CVE-2026-0002 }\n',
  );
  await assert.rejects(resolved(all, place), { code: 'MANAGER_UNRESOLVABLE', message: /CVE-2026-0002/ });
});

test('the chosen provider goes before the locked one, a default only where nothing else decides', async (t) => {
  const place = await site(t);
  const workspace = await openShop(place, { app: '*' });
  await assert.rejects(resolved(workspace, place), { code: 'MANAGER_UNRESOLVABLE', message: /runtime/ });
  const docker = { runtime: 'main:team/docker' };
  const podman = { runtime: 'main:team/podman' };
  const providers = async (settings: string) =>
    (await resolved(await settled(place, workspace, settings), place)).capabilities;
  assert.deepEqual(await providers('  default_providers: { runtime: docker }\n'), docker);
  assert.deepEqual(await providers('  default_providers: { runtime: podman }\n'), docker, 'as it is locked');
  const chosen = await settled(place, workspace, '  providers: { runtime: podman }\n');
  await assert.rejects(resolveWorkspace({ workspace: chosen, locked: true }, place.context), {
    code: 'MANAGER_LOCK_STALE',
    message:
      /resolution\.providers says that main:team\/podman serves runtime; in the lock main:team\/docker does/,
  });
  assert.deepEqual((await resolved(chosen, place)).capabilities, podman);
  await resolveWorkspace({ workspace: chosen, locked: true }, place.context);
  const args = ['dep', 'resolve', '-w', workspace.root, '--no-install', '--provider'];
  const env = place.context.env;
  const wrong = await prov([...args, 'runtime'], { env });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--provider takes CAPABILITY=NAME, not "runtime"/);
  const saved = await prov([...args, 'runtime=docker', '--save'], { env });
  assert.equal(saved.code, 0, saved.stderr);
  assert.match(readFileSync(join(workspace.root, SETTINGS), 'utf8'), /providers: \{ runtime: docker \}/);
  const now = await reopen(place, workspace.root);
  assert.deepEqual((await resolved(now, place)).capabilities, docker);
  const required = await openShop(place, { app: '*', podman: '*' }, { name: 'required' });
  const byDefault = await settled(place, required, '  default_providers: { runtime: docker }\n');
  assert.deepEqual((await resolved(byDefault, place)).capabilities, podman, 'what is required goes first');
});

test('nobody slips in as a provider from a namespace that the workspace does not name', async (t) => {
  const place = await openSite(t);
  const provides = { runtime: { version: '1.0.0' } };
  await place.publish({ name: 'app', manifest: { dependencies: { runtime: '*' } } });
  await place.publish({ name: 'anyone', manifest: { provides } }, { namespace: 'strangers' });
  const workspace = await openShop(place, { app: '*' });
  await assert.rejects(resolved(workspace, place), { code: 'MANAGER_UNRESOLVABLE' });
  const named = '  providers: { runtime: strangers/anyone }\n';
  const lock = await resolved(await settled(place, workspace, named), place);
  assert.deepEqual(lock.capabilities, { runtime: 'main:strangers/anyone' });
  const again = await settled(place, workspace, `${named}  provider_sources: ["main:friends"]\n`);
  await assert.rejects(resolved(again, place), { code: 'MANAGER_UNRESOLVABLE' });
  for (const options of [{ locked: true }, { frozen: true }])
    await assert.rejects(resolveWorkspace({ workspace: again, ...options }, place.context), {
      code: 'MANAGER_LOCK_STALE',
      message: /resolution\.provider_sources does not name main:strangers/,
    });
});
