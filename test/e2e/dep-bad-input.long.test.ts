import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EXIT } from '#base';
import { rebuildIndex } from '#manager';
import { parseReference, type RemoteReference } from '#schemas';
import { startFaultRegistry } from '../fault-registry/index.js';
import { openShop, type Site } from '../manager/site.js';
import { type AlteringProxy, alteringProxy, asForeign } from '../support/altering-proxy.js';
import { expectBothForms } from '../support/failures.js';
import { findProgram } from '../support/programs.js';
import { prov } from '../support/prov.js';
import { dockerRegistry, freePort } from '../support/registries.js';
import { type DepSite, forget, openDepSite, repositoryOf } from './dep-site.js';

/** The same site with a workspace whose registry is a proxy before the real one. */
async function behindProxy(t: TestContext, requirements: Readonly<Record<string, string>>) {
  const at = await openDepSite(t, requirements);
  const proxy = await alteringProxy(t, at.site.registry);
  at.edit(at.site.registry, proxy.host);
  return { at, proxy };
}

const fails = (at: DepSite, args: string, expected: Parameters<typeof expectBothForms>[1]) =>
  expectBothForms(['dep', ...args.split(' ')], expected, at.options);

test('a cycle is locked where the graph allows it and refused with the cycle where an order is needed', async (t) => {
  const at = await openDepSite(t, { one: '*' });
  await at.site.publish({ name: 'one', manifest: { dependencies: { two: '*' } } });
  await at.site.publish({ name: 'two', manifest: { dependencies: { three: '*' } } });
  await at.site.publish({ name: 'three', manifest: { dependencies: { one: '*' } } });
  const resolved = await at.dep('resolve');
  assert.equal(resolved.code, 0, resolved.stderr);
  assert.match((await at.dep('tree')).stdout, /one 1\.0\.0 \(\*\) …/, 'a tree of it has an end');
  await fails(at, 'validate', {
    code: 'RESOLVER_ORDER_CYCLE',
    exit: EXIT.noResolution,
    message: /^no order to run in: one → two → three → one$|^no order to run in: (?:\w+ → ){3}\w+$/,
    hint: /Make one of these dependencies optional/,
  });
});

test('a package that is missing is named with who needs it, where that is written, and what to do', async (t) => {
  const at = await openDepSite(t, { shop: '^1' });
  await at.site.publish({ name: 'shop', manifest: { dependencies: { paymnet: '^2' } } });
  await fails(at, 'resolve', {
    code: 'MANAGER_UNRESOLVABLE',
    exit: EXIT.noResolution,
    message:
      /^shop \^1 cannot be installed: shop 1\.0\.0 needs paymnet, which is not in main\.\n {2}1\. config\/provisioning\.yaml:\d+ \(workspace\) requires shop \^1\.\n {2}2\. shop 1\.0\.0 depends on paymnet \^2 \(there is no paymnet in main\)\./,
    hint: /Nothing was written/,
  });
  at.edit(/shop: \^1/, 'rediss: ^7');
  const error = await fails(at, 'resolve', {
    code: 'MANAGER_UNRESOLVABLE',
    exit: EXIT.noResolution,
    message: /^There is no rediss in main\./,
  });
  const { fixes } = error.details['failure'] as { fixes: { commands: string[] }[] };
  assert.equal(
    fixes[0]!.commands[0],
    'prov dep remove taskserv/rediss --no-resolve && prov dep add taskserv/redis@^7 --no-resolve && prov dep resolve',
  );
  for (const command of fixes[0]!.commands[0]!.split(' && ')) {
    const { code, stderr } = await prov(command.split(' ').slice(1), at.options);
    assert.equal(code, 0, `${command}\n${stderr}`);
  }
  assert.match(at.lock(), /name: redis\n/);
});

test('a registry that is down is named; what needs no registry goes on', async (t) => {
  const at = await openDepSite(t);
  assert.equal((await at.dep('resolve')).code, 0);
  const before = at.lock();
  at.edit(at.site.registry, `127.0.0.1:${await freePort()}`);
  for (const args of ['resolve --update', 'outdated', 'why-not os@2.0.0', 'add taskserv/os', 'audit'])
    await fails(at, args, {
      code: 'OCI_REMOTE_UNREACHABLE',
      exit: EXIT.network,
      message: /^cannot reach 127\.0\.0\.1:\d+: connect ECONNREFUSED/,
      hint: /No registry listens there/,
    });
  for (const args of ['resolve', 'tree', 'why os', 'validate', 'lock check']) {
    const { code, stderr } = await at.dep(args);
    assert.equal(code, 0, `${args}\n${stderr}`);
  }
  assert.equal(at.lock(), before);
  assert.doesNotMatch(readFileSync(at.settings, 'utf8'), /\bos:/);
  forget(at);
  await fails(at, 'licenses --offline', {
    code: 'MANAGER_OFFLINE_MISSING',
    exit: EXIT.network,
    message: /this machine lacks 1 of the pieces of content:\n {2}sha256:\w{64} {2}taskserv os 1\.1\.0/,
    hint: /Run prov dep fetch/,
  });
});

test('a list that changes while it is read, and an index that lies, end without a lock', async (t) => {
  const { at, proxy } = await behindProxy(t, { web: '^1' });
  proxy.alter = (seen) =>
    asForeign(seen) ??
    (/redis\/manifests\/7\.1\.0/.test(seen.path)
      ? { status: 404, body: '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}' }
      : /redis\/manifests\/_index/.test(seen.path)
        ? { status: 404, body: '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}' }
        : undefined);
  const changed = await fails(at, 'resolve', {
    code: 'MANAGER_LIST_CHANGED',
    exit: EXIT.conflict,
    message: /redis 7\.1\.0 was listed by .* and is not there any more/,
    hint: /Run the command again/,
  });
  assert.equal((changed as { retryable?: boolean }).retryable, true);
  lieAbout(proxy, 'team/redis', (entry) => ({ ...entry, deps: {} }));
  forget(at);
  await fails(at, 'resolve', {
    code: 'MANAGER_INDEX_LIES',
    exit: EXIT.refused,
    message:
      /^redis 7\.1\.0: the index of redis on 127\.0\.0\.1:\d+ says dependencies .*, the manifest sha256:\w+ says \{"os"/,
    hint: /The index was forged or is damaged/,
  });
  assert.equal(existsSync(at.lockFile), false);
  proxy.alter = () => undefined;
  assert.equal((await at.dep('resolve')).code, 0, 'and once the index is right, it works');
});

test('an id given to two registries is refused by line; one name from two places is told as that', async (t) => {
  const at = await openDepSite(t, { os: '^1' });
  const settings = readFileSync(at.settings, 'utf8');
  const entry = /( *- id: main\n)/;
  at.edit(entry, `$1    url: ${at.site.registry}\n    namespace: other\n$1`);
  await fails(at, 'resolve', {
    code: 'WORKSPACE_REGISTRY_INVALID',
    exit: EXIT.configuration,
    message: /provisioning\.yaml:\d+:\d+: registry "main": the id is there twice$/,
    hint: /give one of the two another id/,
  });
  writeFileSync(at.settings, settings);
  await at.site.publish({ name: 'os', version: '1.5.0' }, { namespace: 'other' });
  await at.site.publish({
    name: 'tool',
    manifest: { dependencies: { os: { version: '^1', namespace: 'other' } } },
  });
  at.edit(/^( *)os: \^1$/m, '$1os: ^1\n$1tool: ^1');
  await fails(at, 'resolve', {
    code: 'MANAGER_UNRESOLVABLE',
    exit: EXIT.noResolution,
    message: /two extensions have the name os[\s\S]*share a name, and a workspace has room for one/,
  });
});

test('a lock edited by hand, cut short, of a newer prov or in conflict is refused and left alone', async (t) => {
  const at = await openDepSite(t);
  assert.equal((await at.dep('resolve')).code, 0);
  const good = at.lock();
  const damage: readonly (readonly [what: string, text: string, args: string, code: RegExp])[] = [
    [
      'a version',
      good.replace(/(name: redis\n +version: )7\.1\.0/, '$17.0.0'),
      'resolve --locked',
      /RESOLVER_EDGE_DANGLING|MANAGER_LOCK_/,
    ],
    [
      'every mention of a version',
      good.replaceAll('7.1.0', '7.0.0'),
      'resolve --locked',
      /TRUST_REFUSED|MANAGER_LOCK_|OCI_/,
    ],
    [
      'a dependency less',
      good.replace(/ {6}- name: os\n(?: {8}.*\n)+/, ''),
      'resolve --locked',
      /MANAGER_LOCK_|SCHEMAS_LOCK_INVALID/,
    ],
    ['an unknown key', good.replace('extensions:', 'extentions:'), 'resolve', /SCHEMAS_LOCK_INVALID/],
    ['half a file', good.slice(0, good.length / 2), 'resolve', /SCHEMAS_LOCK_INVALID/],
    ['not YAML', `${good}\t- [`, 'tree', /SCHEMAS_LOCK_INVALID/],
    ['a newer lock', good.replace('lockVersion: 1', 'lockVersion: 2'), 'resolve', /SCHEMAS_NEEDS_NEWER_PROV/],
    ['markers', `<<<<<<< a\n${good}=======\n${good}>>>>>>> b\n`, 'tree', /SCHEMAS_LOCK_INVALID/],
    ['markers not closed', `<<<<<<< a\n${good}`, 'lock merge', /SCHEMAS_LOCK_INVALID/],
  ];
  for (const [what, text, args, code] of damage) {
    assert.notEqual(text, good, what);
    writeFileSync(at.lockFile, text);
    const shown = await at.dep(args);
    assert.notEqual(shown.code, 0, `${what}: ${shown.stdout}`);
    assert.match(shown.stderr, code, what);
    assert.match(shown.stderr, /^error \w+: [\s\S]+\nhint \S/m, what);
    assert.doesNotMatch(shown.stderr, /BASE_INTERNAL|^ +at /m, what);
    assert.equal(at.lock(), text, `${what}: the file is left as it was`);
    const { error } = (await at.dep(`${args} --out json`)).json;
    assert.match(error!.code, code, what);
    assert.notEqual(error!.exit, EXIT.bug, what);
  }
  writeFileSync(at.lockFile, good);
  assert.equal((await at.dep('resolve --locked')).code, 0);
});

test('on registries that are not ours the index saves requests, and without it the lock is the same', async (t) => {
  const at = await openDepSite(t);
  const plain = await startFaultRegistry({});
  t.after(() => plain.close());
  await fillForeign(at.site, plain.host);
  const shop = await openShop({ ...at.site, registry: plain.host }, { web: '^1' }, { name: 'foreign' });
  const go = async () => {
    plain.seen.splice(0);
    const { code, json, stderr } = await prov(['dep', 'resolve', '--no-install', '--out', 'json'], {
      ...at.options,
      cwd: shop.root,
    });
    assert.equal(code, 0, stderr);
    const { requests } = json.data as { requests: Readonly<Record<string, number>> };
    const counted = Object.values(requests).reduce((sum, each) => sum + each, 0);
    assert.equal(plain.seen.length, counted, 'the command counts its requests as the registry does');
    const asked = (path: RegExp) =>
      plain.seen.filter(({ method, url }) => method === 'GET' && path.test(url)).length;
    return {
      requests: counted,
      tags: asked(/\/tags\/list/),
      indexes: asked(/manifests\/_index/),
      manifestsByTag: asked(/manifests\/\d/),
    };
  };
  const lock = join(shop.root, 'prov.lock');
  const withIndex = await go();
  const bytes = readFileSync(lock, 'utf8');
  t.diagnostic(`with _index: ${JSON.stringify(withIndex)}`);
  assert.deepEqual([withIndex.tags, withIndex.indexes, withIndex.manifestsByTag], [3, 3, 0]);

  rmSync(lock);
  forget({ ...at, root: shop.root });
  plain.fault({
    path: /manifests\/_index/,
    times: Number.POSITIVE_INFINITY,
    does: { answer: { status: 404, body: Buffer.from('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}') } },
  });
  const without = await go();
  t.diagnostic(`without: ${JSON.stringify(without)}`);
  assert.equal(without.manifestsByTag, 3, 'one manifest for each version that was tried');
  assert.equal(readFileSync(lock, 'utf8'), bytes);
});

test('the lock on docker-registry is resolved with its index too', { skip: dockerMissing() }, async (t) => {
  const at = await openDepSite(t);
  const docker = await dockerRegistry(t, at.site.folder, findProgram('docker-registry')!);
  await fillForeign(at.site, docker.host);
  const proxy = await alteringProxy(t, docker.host);
  const shop = await openShop({ ...at.site, registry: proxy.host }, { web: '^1' }, { name: 'docker' });
  const resolved = await prov(['dep', 'resolve', '--out', 'json'], { ...at.options, cwd: shop.root });
  assert.equal(resolved.code, 0, resolved.stderr);
  const count = (path: RegExp) => proxy.seen.filter((each) => path.test(each.path)).length;
  const counts = { all: proxy.seen.length, tags: count(/tags\/list/), indexes: count(/manifests\/_index/) };
  t.diagnostic(`docker-registry: ${JSON.stringify(counts)}`);
  assert.deepEqual([counts.tags, counts.indexes], [3, 3]);
  const read = proxy.seen.filter(({ method, path }) => method === 'GET' && /manifests\/\d/.test(path));
  assert.deepEqual(read, [], 'no manifest is read by version');
  const outdated = await prov(['dep', 'outdated', '--out', 'json'], { ...at.options, cwd: shop.root });
  assert.deepEqual(
    (outdated.json.data as { name: string; latest: string }[]).map(({ name, latest }) => [name, latest]),
    [
      ['os', '2.0.0'],
      ['redis', '8.0.0'],
    ],
  );
  const typo = await prov(['dep', 'add', 'taskserv/redsi'], { ...at.options, cwd: shop.root });
  assert.match(
    typo.stderr,
    /prov dep add taskserv\/redis\n/,
    'names are suggested from any registry that lists them',
  );
});

function dockerMissing(): string | false {
  return findProgram('docker-registry') === undefined && 'docker-registry is not on this machine';
}

/** The same packages as on our registry, on one that knows nothing of prov. */
async function fillForeign(site: Site, host: string): Promise<void> {
  const push = (name: string, version: string, dependencies: object = {}) =>
    site.publish({ name, version, manifest: { dependencies } }, { registry: host });
  for (const version of ['1.0.0', '1.1.0', '2.0.0']) await push('os', version);
  for (const version of ['7.0.0', '7.1.0']) await push('redis', version, { os: '^1' });
  await push('redis', '8.0.0', { os: '^2' });
  await push('web', '1.0.0', { redis: '^7', os: '^1' });
  for (const name of ['os', 'redis', 'web']) {
    const { by, changed } = await rebuildIndex(
      parseReference(`${host}/${repositoryOf(name)}`) as RemoteReference,
      site.context,
    );
    assert.deepEqual([by, changed], ['artifact', true]);
  }
}

function lieAbout(
  proxy: AlteringProxy,
  repository: string,
  change: (entry: Record<string, unknown>) => unknown,
): void {
  proxy.alter = ({ path }, { body }) => {
    if (path !== '/api/v1/closure' || body === '') return undefined;
    const document = JSON.parse(body) as {
      packages: { repository: string; entries: Record<string, unknown>[] }[];
    };
    const packages = document.packages.map((each) =>
      each.repository === repository ? { ...each, entries: each.entries.map(change) } : each,
    );
    return { body: JSON.stringify({ ...document, packages }) };
  };
}
