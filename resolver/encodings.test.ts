import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Digest, digestOf } from '#base';
import { checkProof } from './proof/check-proof.js';
import { explainFailure } from './proof/explain-failure.js';
import { resolve } from './resolve.js';
import type { ResolveOptions } from './resolve-options.js';
import { ask, causes, solve, versionsOf } from './testing/ask.js';
import { idOf, memorySource, type ShortUniverse, wanted } from './testing/memory-source.js';

const ORIGIN = { file: 'config/provisioning.yaml', line: 7, layer: 'workspace' };
const about = (name: string) => ({ registry: 'main', repository: `ext/${name}` });
const digest = (text: string): Digest => digestOf(text);

async function text(universe: ShortUniverse, roots: Record<string, string>, options = {}): Promise<string> {
  const result = await ask(universe, roots, options);
  assert.ok(!result.ok);
  if (result.failure.type === 'unsatisfiable') assert.equal(checkProof(result.failure.proof), undefined);
  return explainFailure(result.failure);
}

test('a constraint of a manifest holds only where somebody else brings its package', async () => {
  const universe = {
    web: { '1.0.0': { constraints: { redis: '^6' } } },
    queue: { '1.0.0': { deps: { redis: '*' } }, '2.0.0': { deps: { redis: '^7' } } },
    redis: { '6.0.0': {}, '7.0.0': {} },
  };
  assert.deepEqual(versionsOf(await solve(universe, { web: '*' })), { web: '1.0.0' });
  assert.deepEqual(versionsOf(await solve(universe, { web: '*', queue: '*' })), {
    queue: '1.0.0',
    redis: '6.0.0',
    web: '1.0.0',
  });
  assert.deepEqual(await causes(universe, { web: '*', redis: '7.0.0' }), [
    'constraint',
    'requirement',
    'requirement',
  ]);
  assert.match(await text(universe, { web: '*', redis: '7.0.0' }), /web 1\.0\.0 goes only with redis \^6/);
});

test('a constraint of the user requires nothing and says its line', async () => {
  const universe = {
    web: { '1.0.0': {}, '2.0.0': { deps: { redis: '^7' } } },
    redis: { '6.0.0': {}, '7.0.0': {} },
  };
  const constraints = [{ ...about('redis'), range: '<7', origin: ORIGIN }];
  assert.deepEqual(versionsOf(await solve(universe, { web: '*' }, { constraints })), { web: '1.0.0' });
  assert.match(
    await text(universe, { web: '^2' }, { constraints }),
    /config\/provisioning\.yaml:7 \(workspace\) allows redis only as <7/,
  );
});

test('a requirement that is final is not replaced by the override of another layer', async () => {
  const universe = {
    web: { '1.0.0': { deps: { redis: '^6' } } },
    redis: { '6.0.0': {}, '7.0.0': {} },
  };
  const overrides = [{ ...wanted('redis', '7.0.0', 3), origin: { ...ORIGIN, layer: 'infra:prod' } }];
  const requirements = [wanted('web', '*'), { ...wanted('redis', '^6', 12), final: true }];
  const options = { requirements, overrides };
  assert.deepEqual(await causes(universe, {}, options), ['dependency', 'requirement', 'requirement']);
  const said = await text(universe, {}, options);
  assert.match(said, /provisioning\.yaml:12 \(workspace\) requires redis \^6/);
  const open = { requirements: [wanted('web', '*'), wanted('redis', '^6', 12)], overrides };
  assert.equal(versionsOf(await solve(universe, {}, open))['redis'], '7.0.0');
  const own = { requirements, overrides: [{ ...overrides[0]!, origin: ORIGIN }] };
  assert.equal(versionsOf(await solve(universe, {}, own))['redis'], '7.0.0');
});

test('with an alias two majors of one extension stand side by side, each with its own range', async () => {
  const universe = {
    aws: { '4.1.0': {}, '5.0.0': {}, '5.2.0': { deps: { lib: '*' } } },
    lib: { '1.0.0': {} },
  };
  const solution = await solve(universe, { aws: '^4', 'aws#aws5': '^5' });
  assert.deepEqual(versionsOf(solution), { aws: '4.1.0', aws5: '5.2.0', lib: '1.0.0' });
  const aliased = solution.packages.find(({ alias }) => alias === 'aws5')!;
  assert.deepEqual([aliased.name, aliased.repository], ['aws', 'ext/aws']);
  assert.deepEqual(await causes(universe, { aws: '^4', 'main:ext/aws': '^5' }), [
    'requirement',
    'requirement',
  ]);
});

test('an alias does not get around a declared conflict', async () => {
  const universe = { aws: { '4.0.0': {}, '5.0.0': {} }, old: { '1.0.0': { conflicts: { aws: '^5' } } } };
  assert.deepEqual(await causes(universe, { 'aws#aws5': '^5', old: '*' }), [
    'conflict',
    'requirement',
    'requirement',
  ]);
});

test('a pinned digest is resolved to its version, and a digest that nothing has is a failure', async () => {
  const universe = {
    web: { '1.0.0': { digest: digest('one') }, '1.1.0': { digest: digest('two'), state: 'yanked' as const } },
    redis: { '6.0.0': { digest: digest('six') }, '7.0.0': { digest: digest('seven') } },
  };
  const pin = (name: string, of: string, range = '*') => ({ ...wanted(name, range), digest: digest(of) });
  const chosen = await solve(universe, {}, { requirements: [pin('redis', 'six')] });
  assert.deepEqual(versionsOf(chosen), { redis: '6.0.0' });
  const named = await solve(universe, {}, { requirements: [pin('web', 'two')] });
  assert.deepEqual(versionsOf(named), { web: '1.1.0' }, 'a digest names its version exactly, yanked or not');
  assert.deepEqual(await causes(universe, {}, { requirements: [pin('redis', 'other')] }), ['requirement']);
  assert.deepEqual(await causes(universe, {}, { requirements: [pin('redis', 'six', '^7')] }), [
    'requirement',
  ]);
});

test('an unsigned time of publishing satisfies no age policy, a signed one does, an exempt package needs none', async () => {
  const publishedAt = '2026-01-01T00:00:00Z';
  const universe = { web: { '1.0.0': { publishedAt }, '2.0.0': { publishedAt, unsignedTime: true } } };
  const age = { publishedBefore: '2026-03-01T00:00:00Z', minAgeSeconds: 259_200 };
  assert.deepEqual(versionsOf(await solve(universe, { web: '*' }, age)), { web: '1.0.0' });
  assert.deepEqual(await causes(universe, { web: '^2' }, age), ['age-unknown', 'requirement']);
  const ageExempt = new Set([idOf('web')]);
  assert.deepEqual(versionsOf(await solve(universe, { web: '*' }, { ...age, ageExempt })), { web: '2.0.0' });
});

test('versions that are too young at different times are one fact, told by the one that is eligible first', async () => {
  const universe = {
    web: {
      '1.0.0': { publishedAt: '2026-05-02T00:00:00Z' },
      '1.1.0': { publishedAt: '2026-05-01T00:00:00Z' },
    },
  };
  const result = await ask(universe, { web: '*' }, { publishedBefore: '2026-03-01T00:00:00Z' });
  assert.ok(!result.ok && result.failure.type === 'unsatisfiable');
  const young = result.failure.proof.facts.find(({ cause }) => cause.type === 'too-new')!;
  assert.deepEqual(young.terms[0]!.versions, [0, 1]);
  assert.equal(young.cause.type === 'too-new' && young.cause.publishedAt, '2026-05-01T00:00:00Z');
});

test('a refused version stops the resolution, unless the user prefers an older one that is accepted', async () => {
  const universe = {
    web: { '1.0.0': { deps: { redis: '*' } } },
    redis: { '6.0.0': {}, '7.0.0': { refused: 'no signature' } },
  };
  assert.deepEqual(await causes(universe, { web: '*' }), ['no-fallback', 'refused']);
  const said = await text(universe, { web: '*' });
  assert.match(said, /redis 7\.0\.0 is refused by the trust policy: no signature/);
  assert.match(said, /web → redis 7\.0\.0/);
  assert.match(said, /redis 6\.0\.0/);
  assert.deepEqual(versionsOf(await solve(universe, { web: '*' }, { signatures: 'prefer' })), {
    redis: '6.0.0',
    web: '1.0.0',
  });
  assert.deepEqual(versionsOf(await solve(universe, { web: '*', redis: '^6' })), {
    redis: '6.0.0',
    web: '1.0.0',
  });
  assert.deepEqual(await causes(universe, { redis: '^7' }, { signatures: 'prefer' }), [
    'refused',
    'requirement',
  ]);
});

test('an advisory keeps affected versions out and is named when nothing is left', async () => {
  const universe = { web: { '1.0.0': {}, '1.1.0': {}, '1.2.0': {} } };
  const advisories = [{ ...about('web'), range: '>=1.1.0', advisory: 'CVE-2026-1' }];
  assert.deepEqual(versionsOf(await solve(universe, { web: '*' }, { advisories })), { web: '1.0.0' });
  assert.deepEqual(await causes(universe, { web: '>=1.1.0' }, { advisories }), ['advisory', 'requirement']);
});

test('security only: what an advisory affects moves to the nearest version above, the rest stays locked', async () => {
  const universe = {
    web: { '1.0.0': {}, '1.1.0': {}, '1.2.0': {}, '2.0.0': {} },
    redis: { '6.0.0': {}, '7.0.0': {} },
  };
  const options: Partial<ResolveOptions> = {
    strategy: 'security-only',
    preferred: new Map([
      [idOf('web'), '1.0.0'],
      [idOf('redis'), '6.0.0'],
    ]),
    advisories: [{ ...about('web'), range: '<1.1.0', advisory: 'CVE-2026-1' }],
  };
  assert.deepEqual(versionsOf(await solve(universe, { web: '*', redis: '*' }, options)), {
    redis: '6.0.0',
    web: '1.1.0',
  });
});

test('with locked versions as facts nothing else is selected, and the proof names the lock', async () => {
  const universe = { web: { '1.0.0': { deps: { redis: '^7' } } }, redis: { '6.0.0': {}, '7.0.0': {} } };
  const preferred = new Map([[idOf('redis'), '6.0.0']]);
  assert.deepEqual(await causes(universe, { web: '*' }, { preferred, locked: true }), [
    'dependency',
    'locked',
    'requirement',
  ]);
  assert.equal(versionsOf(await solve(universe, { web: '*' }, { preferred }))['redis'], '7.0.0');
});

test('pre-releases follow the rule of their package', async () => {
  const universe = { web: { '1.0.0': {}, '1.1.0-rc.1': {} }, redis: { '1.0.0': {}, '1.1.0-rc.1': {} } };
  const prereleaseOf = new Map([[idOf('web'), 'allow' as const]]);
  assert.deepEqual(versionsOf(await solve(universe, { web: '*', redis: '*' }, { prereleaseOf })), {
    redis: '1.0.0',
    web: '1.1.0-rc.1',
  });
});

test('offers are tried in the order: chosen, locked, selected anyway, default of the workspace, name', async () => {
  const runtime = { '1.0.0': { provides: { runtime: '1.0.0!' } } };
  const universe = {
    k8s: { '1.0.0': { deps: { runtime: '*' } } },
    'a-run': runtime,
    'b-run': runtime,
    'c-run': runtime,
    'd-run': runtime,
  };
  const chosen = async (options: Partial<ResolveOptions>, roots: Record<string, string> = {}) =>
    (await solve(universe, { k8s: '*', ...roots }, options)).capabilities['runtime'];
  const one = (name: string) => new Map([['runtime', idOf(name)]]);
  assert.equal(await chosen({}), idOf('a-run'));
  assert.equal(await chosen({ defaultProviders: one('b-run') }), idOf('b-run'));
  assert.equal(await chosen({ defaultProviders: one('b-run') }, { 'c-run': '*' }), idOf('c-run'));
  const locked = { defaultProviders: one('b-run'), preferredProviders: one('d-run') };
  assert.equal(await chosen(locked), idOf('d-run'));
  assert.equal(await chosen({ ...locked, chosenProviders: one('c-run') }), idOf('c-run'));
});

test('only packages of the named places may offer a capability', async () => {
  const universe = {
    k8s: { '1.0.0': { deps: { runtime: '*' } } },
    'main:evil/docker': { '9.0.0': { provides: { runtime: '9.0.0' } } },
    podman: { '4.0.0': { provides: { runtime: '1.0.0' } } },
  };
  const requirements = [wanted('k8s', '*')];
  const source = {
    ...memorySource(universe),
    providers: () => Promise.resolve([idOf('main:evil/docker'), idOf('podman')]),
  };
  const provVersion = '1.0.0';
  const open = await resolve({ requirements, source, provVersion });
  assert.equal(open.ok && open.solution.capabilities['runtime'], 'main:evil/docker');
  const closed = await resolve({ requirements, source, provVersion, providerSources: ['main:ext'] });
  assert.equal(closed.ok && closed.solution.capabilities['runtime'], idOf('podman'));
  const none = await resolve({ requirements, source, provVersion, providerSources: ['main:other'] });
  assert.equal(none.ok, false);
});

test('a conflict with a capability holds against whoever provides it', async () => {
  const universe = {
    a: { '1.0.0': { conflicts: { runtime: '>=2.0.0' } } },
    docker: { '1.0.0': { provides: { runtime: '1.0.0' } }, '2.0.0': { provides: { runtime: '2.0.0' } } },
  };
  assert.deepEqual(versionsOf(await solve(universe, { a: '*', docker: '*' })), {
    a: '1.0.0',
    docker: '1.0.0',
  });
  assert.deepEqual(await causes(universe, { a: '*', docker: '^2' }), [
    'conflict',
    'requirement',
    'requirement',
  ]);
});

test('a manifest with a range that is none cannot be used, and says which', async () => {
  const universe = { web: { '1.0.0': { constraints: { redis: 'newest' } } } };
  assert.deepEqual(await causes(universe, { web: '*' }), ['malformed', 'requirement']);
});

const BOTH = { platforms: ['linux/amd64', 'linux/arm64'] };
const onlyAmd = { platforms: ['linux/amd64'] };

test('one solution for all platforms is preferred to newer ones for some', async () => {
  const universe = { web: { '1.0.0': {}, '2.0.0': onlyAmd } };
  const solution = await solve(universe, { web: '*' }, BOTH);
  assert.deepEqual(versionsOf(solution), { web: '1.0.0' });
  assert.equal(solution.packages[0]!.platforms, undefined);
});

test('where no one solution fits all platforms, each has its own, as alike as can be', async () => {
  const universe = {
    web: { '1.0.0': { deps: { db: '*', lib: '*' } } },
    db: { '1.0.0': { platforms: ['linux/arm64'], deps: { lib: '<3' } }, '2.0.0': onlyAmd },
    lib: { '1.0.0': {}, '2.0.0': {}, '3.0.0': {} },
    tool: { '1.0.0': {}, '2.0.0': {} },
  };
  const solution = await solve(universe, { web: '*', tool: '*' }, BOTH);
  assert.deepEqual(
    solution.packages.map(({ name, version, platforms }) => [name, version, platforms]),
    [
      ['db', '1.0.0', ['linux/arm64']],
      ['db', '2.0.0', ['linux/amd64']],
      ['lib', '2.0.0', ['linux/arm64']],
      ['lib', '3.0.0', ['linux/amd64']],
      ['tool', '2.0.0', undefined],
      ['web', '1.0.0', undefined],
    ],
  );
  const web = solution.packages.find(({ name }) => name === 'web')!;
  assert.deepEqual(
    web.dependencies.map(({ name, version, platforms }) => [name, version, platforms]),
    [
      ['db', '2.0.0', ['linux/amd64']],
      ['lib', '3.0.0', ['linux/amd64']],
      ['db', '1.0.0', ['linux/arm64']],
      ['lib', '2.0.0', ['linux/arm64']],
    ],
  );
  assert.deepEqual(solution.policy.platforms, BOTH.platforms);
});

test('a dependency of one platform that exists for that platform only splits the solution', async () => {
  const source = memorySource({ web: { '1.0.0': {} }, agent: { '1.0.0': { platforms: ['linux/arm64'] } } });
  const versions: typeof source.versions = async (id) => {
    const known = await source.versions(id);
    if (id !== idOf('web')) return known;
    const [web] = known!.versions;
    const dependencies = { agent: { version: '*', platforms: ['linux/arm64'] } };
    return { ...known, versions: [{ ...(web as object), deps: { dependencies } } as never] };
  };
  const requirements = [wanted('web', '*')];
  const result = await resolve({ requirements, source: { versions }, provVersion: '1.0.0', ...BOTH });
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual(
    result.solution.packages.map(({ name, platforms }) => [name, platforms]),
    [
      ['agent', ['linux/arm64']],
      ['web', undefined],
    ],
  );
});

test('without a solution for one platform the failure is of that platform, and nothing else is tried in vain', async () => {
  const universe = { web: { '1.0.0': onlyAmd }, redis: { '1.0.0': {} } };
  assert.match(await text(universe, { web: '*' }, BOTH), /linux\/arm64/);
  assert.deepEqual(await causes(universe, { redis: '^2', web: '*' }, BOTH), ['requirement']);
});
