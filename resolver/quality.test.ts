import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkProof } from './proof/check-proof.js';
import { ask, solve, versionsOf } from './testing/ask.js';
import { idOf, type ShortFacts, type ShortUniverse } from './testing/memory-source.js';

/** Versions 1 to `count`, each with what it needs. */
function versions(count: number, facts: (version: number) => ShortFacts): Record<string, ShortFacts> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i + 1}.0.0`, facts(i + 1)]));
}

/** The newest driver does not fit any app but the oldest, which did not say yet what it needs. */
const WRONG_BACKTRACKING: ShortUniverse = {
  app: versions(10, (v) => ({ deps: { [v === 1 ? 'old' : 'driver']: '<2' } })),
  driver: versions(2, () => ({})),
  old: versions(1, () => ({})),
};

test('after a conflict not the wrong one is taken back: newest app, driver one behind', async () => {
  assert.deepEqual(versionsOf(await solve(WRONG_BACKTRACKING, { driver: '*', app: '*' })), {
    app: '10.0.0',
    driver: '1.0.0',
  });
});

test('nor when the two meet only further down', async () => {
  const universe: ShortUniverse = {
    a: versions(10, (v) => ({ deps: { 'a-inner': `${v}.0.0` } })),
    'a-inner': versions(10, (v) => ({ deps: { [v === 1 ? 'old' : 'shared']: '<2' } })),
    b: versions(10, (v) => ({ deps: { 'b-inner': `${v}.0.0` } })),
    'b-inner': versions(10, (v) => (v === 10 ? { deps: { shared: '2.0.0' } } : { deps: { shared: '*' } })),
    shared: versions(2, () => ({})),
    old: versions(1, () => ({})),
  };
  assert.deepEqual(versionsOf(await solve(universe, { a: '*', b: '*' })), {
    a: '10.0.0',
    'a-inner': '10.0.0',
    b: '9.0.0',
    'b-inner': '9.0.0',
    shared: '1.0.0',
  });
});

test('a direct dependency that is held back says by what, with a proof', async () => {
  const universe: ShortUniverse = {
    web: versions(3, () => ({ deps: { redis: '<2' } })),
    redis: versions(2, () => ({})),
  };
  const solution = await solve(universe, { web: '*', redis: '*' });
  assert.deepEqual(versionsOf(solution), { redis: '1.0.0', web: '3.0.0' });
  const [held, ...others] = solution.heldBack;
  assert.deepEqual(others, []);
  assert.deepEqual(
    { ...held, proof: undefined },
    {
      id: idOf('redis'),
      name: 'redis',
      version: '1.0.0',
      newest: '2.0.0',
      direct: true,
      reasons: [{ type: 'range', text: 'web 3.0.0 asks for <2' }],
      proof: undefined,
    },
  );
  assert.equal(checkProof(held!.proof!), undefined);
  assert.deepEqual(held!.proof!.facts.map(({ cause }) => cause.type).sort(), [
    'at-least',
    'dependency',
    'requirement',
  ]);
});

test('every reason not to be at the newest version is told by its type', async () => {
  const universe: ShortUniverse = {
    ranged: versions(2, () => ({})),
    yanked: versions(2, (v) => (v === 2 ? { state: 'yanked', reason: 'loses data' } : {})),
    locked: versions(2, () => ({})),
    searched: versions(2, (v) => (v === 2 ? { deps: { inner: '*' } } : {})),
    inner: versions(1, () => ({ deps: { ranged: '^2' } })),
  };
  const preferred = new Map([[idOf('locked'), '1.0.0']]);
  const solution = await solve(
    universe,
    { ranged: '^1', yanked: '*', locked: '*', searched: '*' },
    { preferred },
  );
  assert.deepEqual(
    solution.heldBack.map(({ name, reasons }) => [name, reasons[0]!.type, reasons[0]!.text]),
    [
      ['locked', 'lock', 'it is locked'],
      ['ranged', 'range', 'config/provisioning.yaml:1 (workspace) asks for ^1'],
      ['searched', 'search', 'searched 2.0.0 does not go together with what else is selected'],
      ['yanked', 'cause', 'yanked 2.0.0 was yanked (loses data)'],
    ],
  );
});

test('a direct dependency is made newer where no other direct dependency gets older for it', async () => {
  // Decided first, hub takes its newest, which leaves app behind though both could be had with another inner.
  const universe: ShortUniverse = {
    hub: versions(2, () => ({ deps: { inner: '*' } })),
    inner: versions(3, (v) => (v === 3 ? { deps: { tool: '^2' } } : {})),
    app: versions(5, (v) => (v > 1 ? { deps: { tool: '^1' } } : {})),
    tool: versions(2, () => ({})),
  };
  const solution = await solve(universe, { hub: '*', app: '*' });
  assert.equal(versionsOf(solution)['app'], '5.0.0');
  assert.equal(versionsOf(solution)['hub'], '2.0.0');
});

test('with nothing in dispute no further solve is made', async () => {
  const universe: ShortUniverse = {
    web: versions(9, () => ({ deps: { redis: '<3' } })),
    redis: versions(9, () => ({})),
  };
  const { statistics } = await solve(universe, { web: '*' });
  assert.deepEqual([statistics.decisions, statistics.conflicts], [2, 0]);
});

test('a failure is always proved without any limit on how old a version may be', async () => {
  const result = await ask(WRONG_BACKTRACKING, { app: '>1', driver: '2.0.0' });
  assert.ok(!result.ok && result.failure.type === 'unsatisfiable');
  assert.ok(result.failure.proof.facts.every(({ cause }) => cause.type !== 'at-least'));
});
