import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, isProvError } from '#base';
import { contentDigestOf, formatLock, isRemoteEntry, type Lock, parseLock } from '#schemas';
import { resolve } from '../resolve.js';
import { idOf, memorySource, type ShortUniverse, wanted } from '../testing/memory-source.js';
import { installOrder } from './install-order.js';
import { lockGraph } from './lock-graph.js';
import { lockInconsistencies } from './lock-inconsistencies.js';
import type { PackageContent } from './package-content.js';
import { planDiff } from './plan-diff.js';
import { preferredProviders, preferredVersions } from './preferred-versions.js';
import { contentKey, solutionToLock } from './solution-to-lock.js';

const content = (text: string): PackageContent => ({
  manifest: {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: digestOf(`${text} manifest`),
    size: 1,
  },
  config: {
    mediaType: 'application/vnd.prov.extension.config.v1+json',
    digest: digestOf(`${text} config`),
    size: 2,
  },
  layers: [],
});

async function lockOf(
  universe: ShortUniverse,
  roots: Record<string, string>,
  platforms: readonly string[] = [],
): Promise<Lock> {
  const requirements = Object.entries(roots).map(([name, range]) => wanted(name, range));
  const result = await resolve({
    requirements,
    source: memorySource(universe),
    platforms,
    provVersion: '1.0.0',
  });
  assert.ok(result.ok);
  const contents = new Map<string, PackageContent>(
    result.solution.packages.map(({ id, version }) => [
      contentKey({ id, version }),
      content(`${id}@${version}`),
    ]),
  );
  return solutionToLock(result.solution, contents, { inputs: { workspace: digestOf('inputs') } });
}

const STACK: ShortUniverse = {
  web: { '1.0.0': { deps: { redis: '^7', runtime: '*' }, optional: { gone: '*' } } },
  redis: { '7.0.0': { deps: { base: '*' } } },
  base: { '1.0.0': {} },
  docker: { '24.0.0': { provides: { runtime: '1.0.0!' }, deps: { base: '*' } } },
};

test('a solution becomes a lock that is read back equal, with edges, providers and reasons', async () => {
  const lock = await lockOf(STACK, { web: '*' });
  const text = formatLock(lock);
  assert.deepEqual(parseLock(text, 'prov.lock'), lock);
  assert.equal(formatLock(await lockOf(STACK, { web: '*' })), text);
  const web = lock.extensions.find(({ name }) => name === 'web')!;
  assert.deepEqual(web.dependencies, [
    { name: 'docker', range: '*', version: '24.0.0', capability: 'runtime' },
    { name: 'redis', range: '^7', version: '7.0.0' },
  ]);
  assert.deepEqual(web.skipped, [{ name: 'gone', range: '*', reason: 'there is no gone in main' }]);
  assert.deepEqual(web.requiredBy, ['(workspace)']);
  assert.deepEqual(lock.extensions.find(({ name }) => name === 'base')!.requiredBy, ['docker', 'redis']);
  assert.deepEqual(preferredVersions(lock).get(idOf('redis')), '7.0.0');
  assert.deepEqual(preferredProviders(lock).get('runtime'), idOf('docker'));
});

test('content that was not looked up is an error', async () => {
  const result = await resolve({
    requirements: [wanted('base', '*')],
    source: memorySource(STACK),
    provVersion: '1.0.0',
  });
  assert.ok(result.ok);
  assert.throws(
    () => solutionToLock(result.solution, new Map(), { inputs: {} }),
    (error) => isProvError(error, 'RESOLVER_CONTENT_MISSING'),
  );
});

test('the install order puts dependencies and chosen providers first', async () => {
  const order = installOrder(await lockOf(STACK, { web: '*' })).map(({ name }) => name);
  assert.deepEqual(order, ['base', 'docker', 'redis', 'web']);
});

test('a cycle is ordered for unpacking and refused, printed, for running', async () => {
  const universe = {
    a: { '1.0.0': { deps: { b: '*' } } },
    b: { '1.0.0': { deps: { c: '*' } } },
    c: { '1.0.0': { deps: { a: '*' } } },
  };
  const lock = await lockOf(universe, { a: '*' });
  assert.deepEqual(
    installOrder(lock).map(({ name }) => name),
    ['c', 'b', 'a'],
  );
  assert.throws(
    () => installOrder(lock, { cycles: 'refuse' }),
    (error) => {
      assert.ok(isProvError(error, 'RESOLVER_ORDER_CYCLE'));
      return error.message.includes('a → b → c → a');
    },
  );
});

test('a lock whose edge leads nowhere is refused', async () => {
  const lock = await lockOf(STACK, { web: '*' });
  const cut = { ...lock, extensions: lock.extensions.filter(({ name }) => name !== 'base') };
  assert.throws(
    () => installOrder(cut),
    (error) => isProvError(error, 'RESOLVER_EDGE_DANGLING'),
  );
});

test('the difference of two locks names every change once, and another signer', async () => {
  const before = await lockOf(STACK, { web: '*' });
  assert.deepEqual(planDiff(before, before), []);
  const after = await lockOf(
    { ...STACK, redis: { '7.0.0': {}, '7.1.0': {} }, extra: { '1.0.0': {} } },
    { web: '*', extra: '*' },
  );
  const changed = {
    ...after,
    extensions: after.extensions.map((entry) =>
      entry.name === 'web'
        ? {
            ...entry,
            manifest: { ...entry.manifest!, digest: digestOf('x') },
            signer: { identity: 'eve', rule: 'any' },
          }
        : entry,
    ),
  };
  assert.deepEqual(
    planDiff(before, changed).map(({ change, name, from, to, signer }) => [
      change,
      name,
      from,
      to,
      signer?.to,
    ]),
    [
      ['added', 'extra', undefined, '1.0.0', undefined],
      ['upgraded', 'redis', '7.0.0', '7.1.0', undefined],
      ['rebuilt', 'web', '1.0.0', '1.0.0', 'eve'],
    ],
  );
  assert.equal(planDiff(after, before)[0]!.change, 'removed');
  assert.equal(planDiff(undefined, before).length, 4);
});

test('versions for different platforms stand in one lock, each with its platforms and its own content', async () => {
  const universe: ShortUniverse = {
    web: { '1.0.0': { deps: { db: '*' } } },
    db: { '1.0.0': { platforms: ['linux/arm64'] }, '2.0.0': { platforms: ['linux/amd64'] } },
  };
  const platforms = ['linux/amd64', 'linux/arm64'];
  const lock = await lockOf(universe, { web: '*' }, platforms);
  assert.deepEqual(parseLock(formatLock(lock), 'prov.lock'), lock);
  const db = lock.extensions.filter(({ name }) => name === 'db');
  assert.deepEqual(
    db.map((entry) => [entry.version, entry.platforms]),
    [
      ['1.0.0', ['linux/arm64']],
      ['2.0.0', ['linux/amd64']],
    ],
  );
  assert.notEqual(contentDigestOf(db[0]!), contentDigestOf(db[1]!));
  assert.deepEqual(
    installOrder(lock).map(({ name, version }) => `${name} ${version}`),
    ['db 2.0.0', 'db 1.0.0', 'web 1.0.0'],
  );
  assert.deepEqual(planDiff(lock, lock), []);
  const one = { ...lock, extensions: lock.extensions.filter(({ version }) => version !== '2.0.0') };
  assert.deepEqual(
    planDiff(one, lock).map(({ change, name, to }) => [change, name, to]),
    [['added', 'db', '2.0.0']],
  );
});

test('two registries with the same name and version: each edge says which, and one that does not leads nowhere', async () => {
  const universe: ShortUniverse = {
    web: { '1.0.0': {} },
    db: { '1.0.0': {} },
    os: { '1.0.0': {} },
    'second:ext/os': { '1.0.0': {} },
  };
  const [amd, arm] = ['linux/amd64', 'linux/arm64'];
  const dependencies: Readonly<Record<string, object>> = {
    [idOf('web')]: { dependencies: { os: { version: '*', platforms: [amd] } } },
    [idOf('db')]: { dependencies: { os: { version: '*', registry: 'second', platforms: [arm] } } },
  };
  const known = memorySource(universe);
  const versions: typeof known.versions = async (id) => {
    const found = await known.versions(id);
    const deps = dependencies[id];
    return deps === undefined
      ? found
      : { ...found, versions: [{ ...(found!.versions[0] as object), deps } as never] };
  };
  const requirements = [wanted('web', '*'), wanted('db', '*')];
  const result = await resolve({
    requirements,
    source: { versions },
    platforms: [amd, arm],
    provVersion: '1.0.0',
  });
  assert.ok(result.ok, JSON.stringify(result));
  const { packages } = result.solution;
  const contents = new Map(packages.map((each) => [contentKey(each), content(`${each.id}@${each.version}`)]));
  const lock = solutionToLock(result.solution, contents, { inputs: {} });
  const namesOf = ({ extensions }: Lock) =>
    extensions.flatMap((entry) => entry.dependencies.map(({ name }) => `${entry.name}: ${name}`));
  assert.deepEqual(namesOf(lock), ['db: second:ext/os', 'web: main:ext/os']);
  assert.deepEqual(parseLock(formatLock(lock), 'prov.lock'), lock);
  const graph = lockGraph(lock);
  const ledTo = graph.entries.map((entry) => [
    entry.name,
    ...graph.dependencies(entry).map((target) => isRemoteEntry(target) && target.source.registry),
  ]);
  assert.deepEqual(ledTo.filter(([, ...to]) => to.length > 0).sort(), [
    ['db', 'second'],
    ['web', 'main'],
  ]);
  assert.deepEqual(lockInconsistencies(lock), []);
  const vague = {
    ...lock,
    extensions: lock.extensions.map((entry) => ({
      ...entry,
      dependencies: entry.dependencies.map((edge) => ({ ...edge, name: 'ext/os' })),
    })),
  };
  assert.throws(() => lockGraph(vague), { code: 'RESOLVER_EDGE_DANGLING' });
  assert.match(lockInconsistencies(vague).join('\n'), /web asks for ext\/os \*; the lock does not hold/);
});
