import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openShop, openSite, type Site } from '../manager/site.js';
import { writeExtension } from '../support/extensions.js';
import { isolatedEnvironment, prov } from '../support/prov.js';

const SETTINGS = 'config/provisioning.yaml';

/** A workspace whose `taskservs` are written as given, and a way to run `prov dep` in it. */
async function workspaceOf(t: TestContext, site: Site, requirements: Readonly<Record<string, string>> = {}) {
  const { root } = await openShop(site, requirements);
  const settings = join(root, SETTINGS);
  const env = isolatedEnvironment(site.home);
  const dep = (...args: string[]) => prov(['dep', ...args, '--out', 'json'], { cwd: root, env });
  const ok = async (...args: string[]) => {
    const result = await dep(...args);
    assert.equal(result.code, 0, result.stdout + result.stderr);
    return result.json.data as Record<string, unknown>;
  };
  const edit = (change: (text: string) => string) =>
    writeFileSync(settings, change(readFileSync(settings, 'utf8')));
  const lock = () => readFileSync(join(root, 'prov.lock'), 'utf8');
  t.after(() => undefined);
  return { root, env, dep, ok, edit, lock };
}

test('a directory of the workspace is required, locked by its tree, stale when it changed, and nothing for cicd', async (t) => {
  const site = await openSite(t);
  await site.publish({ name: 'os' });
  await site.publish({ name: 'web', manifest: { dependencies: { cache: '^2' } } });
  await site.publish({ name: 'cache', version: '2.9.0' });
  const { root, env, dep, ok, edit, lock } = await workspaceOf(t, site);
  const local = writeExtension(join(root, 'local'), {
    name: 'cache',
    version: '2.0.0',
    manifest: { dependencies: { os: '^1' } },
    files: { 'scripts/install.sh': 'true\n' },
  });
  renameSync(local, join(root, 'local/cache'));
  const written = (list: string) =>
    edit((text) =>
      text
        .replace(/^dependencies:\n(?:.*\n)*?(?=\S|$)/m, '')
        .concat(`dependencies:\n  extensions:\n    modules:\n      taskservs: ${list}\n`),
    );
  written('["./local/cache", "web@^1"]');

  await ok('resolve');
  assert.match(
    lock(),
    /name: cache\n {4}version: 2\.0\.0\n(?: {4}.*\n)*? {4}source:\n {6}path: local\/cache\n {6}tree: sha256:/,
  );
  assert.doesNotMatch(lock(), /2\.9\.0/, 'it stands in the place of what the registry has');
  assert.match(lock(), /name: cache\n {8}range: \^2\n {8}version: 2\.0\.0/);
  await ok('resolve', '--locked');
  await ok('resolve', '--frozen');
  const before = lock();
  const cicd = await prov(['dep', 'resolve', '--locked', '--out', 'json'], {
    cwd: root,
    env: { ...env, PROVISIONING_MODE: 'cicd' },
  });
  assert.deepEqual([cicd.json.error?.code, cicd.code], ['MANAGER_LOCK_LOCAL', 6]);
  assert.match(cicd.json.error?.message ?? '', /taskserv cache from local\/cache/);

  appendFileSync(join(root, 'local/cache/scripts/install.sh'), 'echo more\n');
  const stale = await dep('resolve', '--locked');
  assert.equal(stale.code, 8);
  assert.match(
    stale.json.error?.message ?? '',
    /local\/cache \(taskserv cache\) changed since it was locked/,
  );
  assert.equal((await ok('resolve'))['resolved'], true);
  assert.notEqual(lock(), before);
  await ok('resolve', '--locked');
  const sbom = await prov(['dep', 'sbom'], { cwd: root, env });
  assert.equal(sbom.code, 0, sbom.stderr);
  assert.match(sbom.stdout, /pkg:generic\/cache@2\.0\.0/);

  const kept = lock();
  symlinkSync(join(root, 'local/cache'), join(root, 'linked'));
  mkdirSync(join(root, 'empty'));
  writeExtension(join(root, 'bad'), { name: 'cache', version: '2.0.0', type: 'cluster' });
  for (const [list, code, message] of [
    [
      '["./gone"]',
      'MANAGER_PATH_REQUIREMENT',
      /config\/provisioning\.yaml:\d+.*\.\/gone cannot be required: there is no such directory/,
    ],
    ['["../outside"]', 'MANAGER_PATH_REQUIREMENT', /not inside the workspace/],
    ['["/etc"]', 'MANAGER_PATH_REQUIREMENT', /not inside the workspace/],
    ['["./linked"]', 'MANAGER_PATH_REQUIREMENT', /a link is on the way/],
    ['["./bad/cache-2.0.0"]', 'MANAGER_PATH_REQUIREMENT', /it holds a cluster, not a taskserv/],
    ['["./empty"]', 'BASE_FILE_MISSING', /empty\/manifest\.yaml/],
    ['["./local/cache", "cache@^1"]', 'MANAGER_UNRESOLVABLE', /cache/],
  ] as const) {
    written(list);
    const refused = await dep('resolve');
    assert.equal(refused.json.error?.code, code, list);
    assert.match(refused.json.error?.message ?? '', message);
    assert.equal(lock(), kept);
  }
});

test('an alias lets two versions of one extension stand side by side, from the requirement to the modules', async (t) => {
  const site = await openSite(t);
  for (const version of ['6.0.0', '6.1.0', '7.0.0']) await site.publish({ name: 'redis', version });
  await site.publish({ name: 'web', manifest: { dependencies: { redis: '^7' } } });
  const { root, env, ok, dep, edit, lock } = await workspaceOf(t, site, { web: '^1' });
  await ok('add', 'taskserv', 'redis@~6.0.0', '--as', 'redis6');
  assert.match(readFileSync(join(root, SETTINGS), 'utf8'), /redis6: redis@~6\.0\.0/);
  assert.match(lock(), /name: redis\n {4}version: 6\.0\.0\n {4}alias: redis6\n/);
  assert.match(lock(), /name: redis\n {4}version: 7\.0\.0\n(?! {4}alias)/);
  await ok('resolve', '--locked');
  const provider = writeExtension(join(root, 'extensions/providers'), { name: 'local', type: 'provider' });
  renameSync(provider, join(root, 'extensions/providers/local'));
  writeFileSync(
    join(root, 'infra/main/settings.yaml'),
    'schema: 1\nprovider: local\nservers:\n  - name: one\n    taskservs: [web, redis6]\n',
  );
  const modules = await prov(['module', 'list', '--out', 'json'], { cwd: root, env });
  assert.equal(modules.code, 0, modules.stdout);
  const listed = (modules.json.data as { name: string; version: string }[]).map(
    (each) => `${each.name} ${each.version}`,
  );
  assert.deepEqual(
    listed.filter((each) => each.startsWith('redis')),
    ['redis 7.0.0', 'redis6 6.0.0'],
  );

  edit((text) => text.replace('redis@~6.0.0', 'redis@^6'));
  await ok('resolve', '--locked');
  await ok('update', 'redis6');
  assert.match(lock(), /version: 6\.1\.0\n {4}alias: redis6\n/);
  assert.match(lock(), /name: redis\n {8}range: \^7\n {8}version: 7\.0\.0/);
  const why = await ok('why', 'redis6');
  assert.match(JSON.stringify(why), /the workspace/);
  assert.doesNotMatch(JSON.stringify(why), /"web/);

  edit((text) => text.replace('redis6: redis@^6', 'redis6: redis@^7'));
  const stale = await dep('resolve', '--locked');
  assert.match(stale.json.error?.message ?? '', /redis \^7 as redis6; the lock holds 6\.1\.0/);
  edit((text) => text.replace('redis6: redis@^7', 'web: redis@^7'));
  assert.equal((await dep('resolve')).json.error?.code, 'SCHEMAS_KEY_DUPLICATE');
  edit((text) => text.replace('web: redis@^7', 'redis6: redis@^7'));
  await ok('remove', 'taskserv', 'redis6');
  assert.doesNotMatch(lock(), /redis6/);
});
