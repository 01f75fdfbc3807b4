import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProvError } from '#base';
import type { PackageId } from './package-id.js';
import { checkProof } from './proof/check-proof.js';
import { explainFailure } from './proof/explain-failure.js';
import { resolve } from './resolve.js';
import type { ResolveOptions } from './resolve-options.js';
import { type Asked, ask, causes, solve, versionsOf } from './testing/ask.js';
import { idOf, memorySource, type ShortUniverse, wanted } from './testing/memory-source.js';

test('the newest versions that go together are chosen', async () => {
  const universe = {
    web: { '1.0.0': { deps: { redis: '^6' } }, '2.0.0': { deps: { redis: '^7' } } },
    queue: { '1.0.0': { deps: { redis: '<7.2.0' } } },
    redis: { '6.0.0': {}, '7.0.0': {}, '7.2.0': {} },
  };
  assert.deepEqual(versionsOf(await solve(universe, { web: '*', queue: '*' })), {
    queue: '1.0.0',
    redis: '7.0.0',
    web: '2.0.0',
  });
});

test('a version whose dependency cannot be met gives way to an older one', async () => {
  const universe = { web: { '1.0.0': {}, '2.0.0': { deps: { gone: '*' } } } };
  assert.deepEqual(versionsOf(await solve(universe, { web: '*' })), { web: '1.0.0' });
});

test('a package may depend on itself where it meets its own range', async () => {
  assert.deepEqual(versionsOf(await solve({ me: { '1.0.0': { deps: { me: '^1' } } } }, { me: '*' })), {
    me: '1.0.0',
  });
  assert.deepEqual(await causes({ me: { '1.0.0': { deps: { me: '^2' } } } }, { me: '*' }), [
    'dependency',
    'requirement',
  ]);
});

test('cycles are solved', async () => {
  const universe = { a: { '1.0.0': { deps: { b: '*' } } }, b: { '1.0.0': { deps: { a: '^1' } } } };
  assert.deepEqual(versionsOf(await solve(universe, { a: '*' })), { a: '1.0.0', b: '1.0.0' });
});

test('a missing package is a failure with a proof, not an error', async () => {
  assert.deepEqual(await causes({}, { web: '*' }), ['requirement']);
});

test('a declared conflict pushes the other package back without requiring it', async () => {
  const universe = {
    a: { '1.0.0': { conflicts: { b: '>=2.0.0' } } },
    b: { '1.0.0': {}, '2.0.0': {} },
  };
  assert.deepEqual(versionsOf(await solve(universe, { a: '*' })), { a: '1.0.0' });
  assert.deepEqual(versionsOf(await solve(universe, { a: '*', b: '*' })), { a: '1.0.0', b: '1.0.0' });
  assert.deepEqual(await causes(universe, { a: '*', b: '^2' }), ['conflict', 'requirement', 'requirement']);
});

test('a conflict holds against a package that is mentioned only later', async () => {
  const universe = {
    a: { '1.0.0': { conflicts: { z: '*' } } },
    b: { '1.0.0': {}, '2.0.0': { deps: { z: '*' } } },
    z: { '1.0.0': {} },
  };
  assert.deepEqual(versionsOf(await solve(universe, { a: '*', b: '*' })), { a: '1.0.0', b: '1.0.0' });
});

test('an optional dependency is taken when it can be, and skipped with the reason when not', async () => {
  const universe = {
    web: { '1.0.0': { optional: { cache: '^2', gone: '*', metrics: '^9', redis: '^6' } } },
    cache: { '2.1.0': {} },
    metrics: { '1.0.0': {} },
    redis: { '6.0.0': {}, '7.0.0': {} },
    queue: { '1.0.0': { deps: { redis: '^7' } } },
  };
  const solution = await solve(universe, { web: '*', queue: '*' });
  assert.deepEqual(versionsOf(solution), { cache: '2.1.0', queue: '1.0.0', redis: '7.0.0', web: '1.0.0' });
  const web = solution.packages.find(({ name }) => name === 'web')!;
  assert.deepEqual(
    web.skipped.map(({ name, reason }) => `${name}: ${reason}`),
    [
      'gone: there is no gone in main',
      'metrics: no version of metrics matches ^9; the newest is 1.0.0',
      'redis: it needs redis ^6, and 7.0.0 is selected',
    ],
  );
  assert.deepEqual(
    web.dependencies.map(({ name, optional }) => [name, optional]),
    [['cache', true]],
  );
});

test('an optional dependency never holds a required one back', async () => {
  const universe = {
    web: { '1.0.0': { optional: { plugin: '*' }, deps: { redis: '*' } } },
    plugin: { '1.0.0': { deps: { redis: '^6' } } },
    redis: { '6.0.0': {}, '7.0.0': {} },
  };
  const solution = await solve(universe, { web: '*' });
  assert.deepEqual(versionsOf(solution), { redis: '7.0.0', web: '1.0.0' });
  const [skipped] = solution.packages.find(({ name }) => name === 'web')!.skipped;
  assert.equal(skipped!.name, 'plugin');
  assert.equal(skipped!.reason, 'plugin 1.0.0 depends on redis ^6 and redis 7.0.0 is selected');
  assert.equal(checkProof(skipped!.proof!), undefined);
});

test('a capability is served by one of its providers, what the user asks for first', async () => {
  const universe = {
    k8s: { '1.0.0': { deps: { 'container-runtime': '>=1.0.0' } } },
    docker: { '24.0.0': { provides: { 'container-runtime': '1.0.0!' } } },
    podman: { '4.0.0': { provides: { 'container-runtime': '1.1.0!' } } },
  };
  const alone = await solve(universe, { k8s: '*' });
  assert.deepEqual(versionsOf(alone), { docker: '24.0.0', k8s: '1.0.0' });
  assert.deepEqual(alone.capabilities, { 'container-runtime': idOf('docker') });
  assert.deepEqual(versionsOf(await solve(universe, { k8s: '*', podman: '*' })), {
    k8s: '1.0.0',
    podman: '4.0.0',
  });
  const preferredProviders = new Map([['container-runtime', idOf('podman')]]);
  assert.deepEqual(versionsOf(await solve(universe, { k8s: '*' }, { preferredProviders })), {
    k8s: '1.0.0',
    podman: '4.0.0',
  });
});

test('two providers of an exclusive capability cannot stand side by side', async () => {
  const universe = {
    docker: { '24.0.0': { provides: { 'container-runtime': '1.0.0!' } } },
    podman: { '4.0.0': { provides: { 'container-runtime': '1.1.0' } } },
  };
  assert.deepEqual(await causes(universe, { docker: '*', podman: '*' }), [
    'exclusive',
    'requirement',
    'requirement',
  ]);
});

test('a provider that turns up only in the middle still serves its capability', async () => {
  const universe: ShortUniverse = {
    a: { '1.0.0': { deps: { runtime: '*' } } },
    b: { '1.0.0': { deps: { late: '*' } } },
    late: { '1.0.0': { provides: { runtime: '1.0.0!' } } },
    listed: { '1.0.0': { provides: { runtime: '1.0.0' } } },
  };
  const source = { ...memorySource(universe), providers: () => Promise.resolve([idOf('listed')]) };
  const requirements = [wanted('a', '*'), wanted('b', '*')];
  const result = await resolve({ requirements, source, provVersion: '1.0.0' });
  assert.ok(result.ok);
  assert.deepEqual(result.solution.capabilities, { runtime: idOf('late') });
});

test('versions that miss a platform, need another prov, are yanked or revoked are passed over', async () => {
  const universe = {
    web: {
      '1.0.0': {},
      '1.1.0': { platforms: ['linux/amd64'] },
      '1.2.0': { needs: '>=2.0.0' },
      '1.3.0': { state: 'yanked' as const },
      '1.4.0': { state: 'revoked' as const },
    },
  };
  const platforms = ['linux/amd64', 'linux/arm64'];
  assert.deepEqual(versionsOf(await solve(universe, { web: '*' }, { platforms })), { web: '1.0.0' });
  for (const [range, cause] of Object.entries({
    '1.1.0': 'platform',
    '1.2.0': 'compatibility',
    '>=1.3.0 <1.4.0': 'yanked',
    '1.4.0': 'revoked',
  })) {
    assert.deepEqual(
      await causes(universe, { web: range }, { platforms }),
      [cause, 'requirement'].sort(),
      range,
    );
  }
});

test('a yanked version stays where it is locked or named exactly', async () => {
  const universe = { web: { '1.0.0': {}, '1.1.0': { state: 'yanked' as const } } };
  assert.deepEqual(versionsOf(await solve(universe, { web: '1.1.0' })), { web: '1.1.0' });
  const preferred = new Map([[idOf('web'), '1.1.0']]);
  assert.deepEqual(versionsOf(await solve(universe, { web: '^1' }, { preferred })), { web: '1.1.0' });
});

test('a minimum age holds inside the solver, so that parents step back too', async () => {
  const universe = {
    web: {
      '1.0.0': { deps: { lib: '^1' }, publishedAt: '2026-01-01T00:00:00Z' },
      '2.0.0': { deps: { lib: '^2' }, publishedAt: '2026-01-01T00:00:00Z' },
    },
    lib: {
      '1.0.0': { publishedAt: '2026-01-01T00:00:00Z' },
      '2.0.0': { publishedAt: '2026-06-01T00:00:00Z' },
    },
  };
  const publishedBefore = '2026-03-01T00:00:00Z';
  assert.deepEqual(versionsOf(await solve(universe, { web: '*' }, { publishedBefore })), {
    lib: '1.0.0',
    web: '1.0.0',
  });
});

test('pre-releases follow the policy', async () => {
  const universe = { web: { '1.0.0': {}, '1.1.0-rc.1': {}, '2.0.0-beta.1': {} } };
  const chosen = async (range: string, prerelease: ResolveOptions['prerelease']) =>
    versionsOf(await solve(universe, { web: range }, { prerelease }))['web'];
  assert.equal(await chosen('*', 'if-named'), '1.0.0');
  assert.equal(await chosen('>=1.1.0-rc.0 <1.2.0', 'if-named'), '1.1.0-rc.1');
  assert.equal(await chosen('*', 'allow'), '2.0.0-beta.1');
  assert.equal(await chosen('*', 'if-only'), '1.0.0');
  assert.equal(await chosen('>1.0.0', 'if-only'), '2.0.0-beta.1');
  assert.deepEqual(await causes(universe, { web: '>=1.1.0-rc.0 <1.2.0' }, { prerelease: 'never' }), [
    'prerelease',
    'requirement',
  ]);
});

test('strategies choose newest, lowest, lowest of direct requirements, least change', async () => {
  const universe = {
    web: {
      '1.0.0': { deps: { lib: '*' } },
      '1.1.0': { deps: { lib: '*' } },
      '1.2.0': { deps: { lib: '*' } },
    },
    lib: { '1.0.0': {}, '2.0.0': {} },
  };
  const chosen = async (strategy: ResolveOptions['strategy'], options: Asked = {}) =>
    Object.values(versionsOf(await solve(universe, { web: '*' }, { strategy, ...options })));
  assert.deepEqual(await chosen('latest'), ['2.0.0', '1.2.0']);
  assert.deepEqual(await chosen('lowest'), ['1.0.0', '1.0.0']);
  assert.deepEqual(await chosen('lowest-direct'), ['2.0.0', '1.0.0']);
  const preferred = new Map([[idOf('web'), '1.1.0']]);
  assert.deepEqual(await chosen('latest', { preferred }), ['2.0.0', '1.1.0']);
  assert.deepEqual(await chosen('minimal-change', { preferred }), ['2.0.0', '1.1.0']);
});

test('an override replaces what everybody asks for', async () => {
  const universe = {
    web: { '1.0.0': { deps: { redis: '^6' } } },
    redis: { '6.0.0': {}, '7.0.0': {} },
  };
  const overrides = [wanted('redis', '7.0.0', 9)];
  assert.deepEqual(versionsOf(await solve(universe, { web: '*' }, { overrides })), {
    redis: '7.0.0',
    web: '1.0.0',
  });
});

test('two registries with one name: separate packages, never both selected', async () => {
  const universe = { web: { '1.0.0': {} }, 'other:ext/web': { '3.0.0': {} } };
  assert.deepEqual(await causes(universe, { web: '*', 'other:ext/web': '*' }), [
    'requirement',
    'requirement',
    'same-name',
  ]);
});

test('a repository that mixes kinds is an error', async () => {
  const universe = { web: { '1.0.0': {}, '2.0.0': { kind: 'cluster' as const } } };
  await assert.rejects(ask(universe, { web: '*' }), (error) => isProvError(error, 'RESOLVER_KIND_MIXED'));
});

test('a requirement of another kind is not met', async () => {
  const requirement = { ...wanted('web', '*'), kind: 'cluster' as const };
  const source = memorySource({ web: { '1.0.0': {} } });
  const result = await resolve({ requirements: [requirement], source, provVersion: '1.0.0' });
  assert.equal(result.ok, false);
});

test('versions listed bare are looked up only when they are tried', async () => {
  const looked: string[] = [];
  const full = memorySource({
    web: { '1.0.0': {}, '1.1.0': { deps: { gone: '*' } }, '1.2.0': { deps: { gone: '*' } }, '2.0.0': {} },
  });
  const result = await resolve({
    requirements: [wanted('web', '^1')],
    provVersion: '1.0.0',
    source: {
      async versions(id) {
        const metadata = await full.versions(id);
        return (
          metadata && {
            versions: metadata.versions.map((each) => (typeof each === 'string' ? each : each.version)),
          }
        );
      },
      async facts(id: PackageId, version: string) {
        looked.push(version);
        const versions = (await full.versions(id))!.versions;
        return versions.flatMap((each) =>
          typeof each !== 'string' && each.version === version ? [each] : [],
        )[0]!;
      },
    } as ResolveOptions['source'],
  });
  assert.ok(result.ok);
  assert.deepEqual(versionsOf(result.solution), { web: '1.0.0' });
  assert.deepEqual(looked, ['1.2.0', '1.1.0', '1.0.0']);
});

test('a closure answers everything in one request', async () => {
  const universe = { web: { '1.0.0': { deps: { redis: '*' } } }, redis: { '7.0.0': {} } };
  const full = memorySource(universe);
  let requests = 0;
  const result = await resolve({
    requirements: [wanted('web', '*')],
    provVersion: '1.0.0',
    source: {
      versions: () => assert.fail('asked for one package'),
      async closure() {
        requests++;
        const ids = Object.keys(universe).map(idOf);
        return new Map(await Promise.all(ids.map(async (id) => [id, (await full.versions(id))!] as const)));
      },
    } as ResolveOptions['source'],
  });
  assert.ok(result.ok);
  assert.equal(requests, 1);
});

test('the error of a source is thrown, and a signal ends the resolution', async () => {
  const source = memorySource({ web: { '1.0.0': {} } }, () => Promise.reject(new Error('registry down')));
  const requirements = [wanted('web', '*')];
  await assert.rejects(resolve({ requirements, source, provVersion: '1.0.0' }), /registry down/);
  const controller = new AbortController();
  const slow = memorySource({ web: { '1.0.0': { deps: { lib: '*' } } } }, () => controller.abort());
  await assert.rejects(
    resolve({ requirements, source: slow, provVersion: '1.0.0', signal: controller.signal }),
    {
      name: 'AbortError',
    },
  );
});

test('each package is asked for once, and what the newest version needs is read ahead', async () => {
  const asked: string[] = [];
  const universe = {
    a: { '1.0.0': { deps: { b: '*', c: '*' } } },
    b: { '1.0.0': { deps: { c: '*' } } },
    c: { '1.0.0': {} },
  };
  const source = memorySource(universe, (id) => void asked.push(id));
  const result = await resolve({ requirements: [wanted('a', '*')], source, provVersion: '1.0.0' });
  assert.ok(result.ok);
  assert.deepEqual(asked.sort(), ['a', 'b', 'c'].map(idOf));
});

test('a step budget ends a search with the packages in dispute', async () => {
  const result = await ask({ web: { '1.0.0': { deps: { gone: '*' } } } }, { web: '*' }, { stepBudget: 0 });
  assert.ok(!result.ok && result.failure.type === 'budget');
});

test('when the budget ends a search, what was found so far is derived step by step', async () => {
  const guests = Object.fromEntries(
    Array.from({ length: 9 }, (_, g) => [
      `guest${g}`,
      Object.fromEntries(
        Array.from({ length: 8 }, (_, r) => [`${r + 1}.0.0`, { deps: { [`room${r}`]: `${g + 1}.0.0` } }]),
      ),
    ]),
  );
  const rooms = Object.fromEntries(
    Array.from({ length: 8 }, (_, r) => [
      `room${r}`,
      Object.fromEntries(Array.from({ length: 9 }, (_, g) => [`${g + 1}.0.0`, {}])),
    ]),
  );
  const roots = Object.fromEntries(Object.keys(guests).map((name) => [name, '*']));
  const result = await ask({ ...guests, ...rooms }, roots, { stepBudget: 200 });
  assert.ok(!result.ok && result.failure.type === 'budget');
  const { learned, contested } = result.failure;
  assert.ok(contested.length > 0);
  assert.ok(learned!.steps.length > 0 && learned!.steps.at(-1)!.terms.length > 0);
  assert.equal(checkProof(learned!, { partial: true }), undefined);
  assert.notEqual(checkProof(learned!), undefined);
  assert.match(explainFailure(result.failure), /No answer after 200 steps.*\n {2}Found on the way:/);
});
