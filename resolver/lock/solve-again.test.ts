import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#base';
import { isRemoteEntry, type Lock, type LockEntry } from '#schemas';
import { type PackageId, packageId, withoutAlias } from '../package-id.js';
import { resolve } from '../resolve.js';
import type { ResolveOptions } from '../resolve-options.js';
import { memorySource, type ShortUniverse, versionFacts, wanted } from '../testing/memory-source.js';
import { randomSource, randomUniverse } from '../testing/random-universe.js';
import { optionsOf } from '../testing/run-universes.js';
import { lockInconsistencies } from './lock-inconsistencies.js';
import type { PackageContent } from './package-content.js';
import { contentKey, solutionToLock } from './solution-to-lock.js';
import { solveAgain } from './solve-again.js';

const SEEDS = Number(process.env['PROV_LOCKS'] ?? 600);
const FIRST_SEED = Number(process.env['PROV_SEED'] ?? 1);
const PLATFORMS = ['linux/amd64', 'linux/arm64'];

const content = (text: string): PackageContent => ({
  manifest: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: digestOf(text), size: 1 },
  config: {
    mediaType: 'application/vnd.prov.extension.config.v1+json',
    digest: digestOf(`${text}!`),
    size: 2,
  },
  layers: [],
});

async function lockOf(options: ResolveOptions): Promise<Lock | undefined> {
  const result = await resolve(options);
  if (!result.ok) return undefined;
  const contents = new Map(
    result.solution.packages.map((each) => [contentKey(each), content(`${each.id}@${each.version}`)]),
  );
  return solutionToLock(result.solution, contents, { inputs: {} });
}

function idOfEntry(entry: LockEntry): PackageId {
  assert.ok(isRemoteEntry(entry));
  return packageId(entry.source.registry, entry.source.repository, entry.alias);
}

interface Again {
  readonly lock: Lock;
  readonly universe: ShortUniverse;
  readonly options?: Partial<ResolveOptions>;
  /** Whether anything but the lock is known. Default: all. */
  readonly known?: (entry: LockEntry) => boolean;
}

async function again({ lock, universe, options = {}, known = () => true }: Again) {
  const { requirements, source, platforms, preferred, publishedBefore, ...policy } = options;
  return solveAgain({
    provVersion: '1.5.0',
    ...policy,
    lock,
    location: 'prov.lock',
    idOf: idOfEntry,
    factsOf: (entry) =>
      known(entry) ? versionFacts(entry.version, universe[entry.name]?.[entry.version] ?? {}) : undefined,
  });
}

const flawsOf = async (given: Again): Promise<string[]> => {
  const result = await again(given);
  return result.ok ? result.flaws.map(({ entry, what }) => `${entry.name}: ${what}`) : ['no solution'];
};

test(`${SEEDS} random locks are found right, whatever is known of their content`, async (context) => {
  let locks = 0;
  let apart = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const world = { ...randomUniverse(seed), platforms: PLATFORMS, provVersion: '1.5.0' };
    const options = optionsOf(world);
    const lock = await lockOf(options);
    if (lock === undefined) continue;
    locks += 1;
    if (lock.extensions.some(({ platforms }) => platforms !== undefined)) apart += 1;
    const below = randomSource(seed);
    const given = { lock, universe: world.universe, options };
    assert.deepEqual(await flawsOf(given), [], `seed ${seed}`);
    assert.deepEqual(await flawsOf({ ...given, known: () => false }), [], `seed ${seed}, nothing known`);
    assert.deepEqual(
      await flawsOf({ ...given, known: () => below(2) === 0 }),
      [],
      `seed ${seed}, some known`,
    );
  }
  context.diagnostic(JSON.stringify({ firstSeed: FIRST_SEED, locks, apart }));
  assert.ok(locks > SEEDS / 10 && apart > 0);
});

test('a dependency taken out of a random lock, added to it or led elsewhere is found', async (context) => {
  let edits = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const world = { ...randomUniverse(seed), platforms: PLATFORMS, provVersion: '1.5.0' };
    const options = optionsOf(world);
    const lock = await lockOf(options);
    if (lock === undefined) continue;
    const below = randomSource(seed);
    const owner = lock.extensions[below(lock.extensions.length)]!;
    const edges = owner.dependencies.filter(({ optional }) => optional !== true);
    const edge = edges[below(Math.max(1, edges.length))];
    const other = lock.extensions[below(lock.extensions.length)]!;
    const added = { name: other.name, range: '*', version: other.version };
    const changed = [
      ...(edge === undefined ? [] : [owner.dependencies.filter((each) => each !== edge)]),
      ...(edge === undefined || other.name === edge.name
        ? []
        : [owner.dependencies.map((each) => (each === edge ? { ...added, range: edge.range } : each))]),
      ...(owner.dependencies.some(({ name }) => name === other.name) ? [] : [[...owner.dependencies, added]]),
    ];
    for (const dependencies of changed) {
      edits += 1;
      const extensions = lock.extensions.map((each) => (each === owner ? { ...owner, dependencies } : each));
      const edited = { ...lock, extensions };
      assert.notDeepEqual(
        await flawsOf({ lock: edited, universe: world.universe, options }),
        [],
        `seed ${seed}: ${owner.name} ${JSON.stringify(dependencies)}`,
      );
    }
  }
  context.diagnostic(JSON.stringify({ firstSeed: FIRST_SEED, edits }));
  assert.ok(edits > 50);
});

const STACK: ShortUniverse = {
  web: { '1.0.0': { deps: { redis: '^7', runtime: '*' } } },
  redis: { '7.0.0': { deps: { base: '*' } } },
  base: { '1.0.0': {} },
  docker: { '24.0.0': { provides: { runtime: '1.0.0!' } } },
};

const stackLock = async (): Promise<Lock> =>
  (await lockOf({ requirements: [wanted('web', '*')], source: memorySource(STACK), provVersion: '1.5.0' }))!;

/** The lock of the stack while its content says something else. */
const whileContentSays = async (changes: ShortUniverse) =>
  again({ lock: await stackLock(), universe: { ...STACK, ...changes } });

test('what cannot stand together has no solution, though nothing in the lock says so', async () => {
  const contradictions: ShortUniverse[] = [
    { redis: { '7.0.0': { deps: { base: '*' }, conflicts: { docker: '*' } } } },
    { redis: { '7.0.0': { deps: { base: '*' }, constraints: { web: '^2' } } } },
    { redis: { '7.0.0': { deps: { base: '*' }, needs: '>=2.0.0' } } },
    { redis: { '7.0.0': { deps: { base: '^2' } } } },
    { redis: { '7.0.0': { deps: { base: '*', other: '*' } } } },
  ];
  for (const changes of contradictions)
    assert.equal((await whileContentSays(changes)).ok, false, JSON.stringify(changes));
  // Another exclusive provider takes the place of the one that the lock says.
  const taken = await whileContentSays({ base: { '1.0.0': { provides: { runtime: '1.0.0!' } } } });
  assert.deepEqual(taken.ok && taken.flaws.map(({ entry, what }) => [entry.name, what]), [
    ['web', 'runtime'],
    ['docker', 'it is'],
  ]);
});

test('a dependency that the content does not have, has in another range, or has besides is told', async () => {
  const told = async (changes: ShortUniverse) => {
    const result = await whileContentSays(changes);
    assert.ok(result.ok);
    return result.flaws.map(({ entry, what, locked, actual }) => [entry.name, what, locked, actual]);
  };
  assert.deepEqual(await told({ redis: { '7.0.0': {} } }), [
    ['redis', 'base', '* by main:ext/base 1.0.0', 'no dependency'],
    ['base', 'it is', 'a part of what is needed', 'nothing that needs it'],
  ]);
  assert.deepEqual(await told({ redis: { '7.0.0': { deps: { base: '^1' } } } }), [
    ['redis', 'base', '* by main:ext/base 1.0.0', '^1 by main:ext/base 1.0.0'],
  ]);
  assert.deepEqual(await told({ base: { '1.0.0': { deps: { docker: '*' } } } }), [
    ['base', 'docker', 'no dependency', '* by main:ext/docker 24.0.0'],
  ]);
});

test('an entry that was taken from a platform leaves a hole there', async () => {
  const universe: ShortUniverse = {
    web: { '1.0.0': { deps: { db: '*' } } },
    db: { '1.0.0': { platforms: ['linux/arm64'] }, '2.0.0': { platforms: ['linux/amd64'] } },
  };
  const options = { source: memorySource(universe), provVersion: '1.5.0', platforms: PLATFORMS };
  const lock = (await lockOf({ ...options, requirements: [wanted('web', '*')] }))!;
  assert.deepEqual(await flawsOf({ lock, universe }), []);
  const moved = lock.extensions.map((entry) =>
    entry.version === '2.0.0' ? { ...entry, platforms: ['linux/arm64'] } : entry,
  );
  assert.deepEqual(await flawsOf({ lock: { ...lock, extensions: moved }, universe }), ['no solution']);
  // Nothing but the content knows that it is for one platform only.
  const everywhere = lock.extensions
    .filter(({ name, version }) => name !== 'db' || version === '2.0.0')
    .map(({ platforms, ...entry }) => ({
      ...entry,
      dependencies: entry.dependencies
        .filter(({ version }) => version === '2.0.0')
        .map(({ platforms: only, ...edge }) => edge),
    }));
  const edited = { ...lock, extensions: everywhere };
  assert.deepEqual(lockInconsistencies(edited), []);
  assert.deepEqual(await flawsOf({ lock: edited, universe }), ['no solution']);
});

test('two majors under their own names are no contradiction', async () => {
  const universe: ShortUniverse = {
    aws: { '4.0.0': {}, '5.0.0': {} },
    web: { '1.0.0': { deps: { aws: '^4' } } },
  };
  const aliased = { ...wanted('aws', '^5'), alias: 'aws5' };
  const source = memorySource(universe);
  const lock = (await lockOf({ requirements: [wanted('web', '*'), aliased], source, provVersion: '1.5.0' }))!;
  assert.deepEqual(lock.extensions.map((entry) => withoutAlias(idOfEntry(entry))).sort(), [
    'main:ext/aws',
    'main:ext/aws',
    'main:ext/web',
  ]);
  assert.deepEqual(await flawsOf({ lock, universe }), []);
});
