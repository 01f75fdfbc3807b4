import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#base';
import { formatLock, type Lock, type LockEntry } from '#schemas';
import { mergeLocks } from './merge-locks.js';

const content = (text: string) => ({ mediaType: 'application/x', digest: digestOf(text), size: 1 });

function entry(
  name: string,
  version: string,
  dependencies: readonly string[] = [],
  direct = true,
): LockEntry {
  return {
    kind: 'taskserv',
    name,
    version,
    source: { registry: 'main', repository: `team/${name}` },
    manifest: content(`${name} ${version}`),
    config: content(`${name} ${version} config`),
    layers: [],
    dependencies: dependencies.map((each) => ({ name: each, range: '*', version: '1.0.0' })),
    requiredBy: direct ? ['(workspace)'] : [],
  };
}

function lockOf(entries: readonly LockEntry[]): Lock {
  const requiredBy = (name: string) =>
    entries
      .filter(({ dependencies }) => dependencies.some((edge) => edge.name === name))
      .map((each) => each.name);
  return {
    lockVersion: 1,
    inputs: {
      'config/provisioning.yaml': digestOf(entries.map(({ name, version }) => name + version).join()),
    },
    policy: { strategy: 'latest', prerelease: 'if-named', platforms: ['linux/amd64'] },
    extensions: entries.map((each) => ({
      ...each,
      requiredBy: [...each.requiredBy, ...requiredBy(each.name)].sort(),
    })),
  };
}

const versionsOf = ({ extensions }: Lock) =>
  extensions.map(({ name, version }) => `${name}@${version}`).sort();
const sorted = ({ extensions }: Lock) => extensions.toSorted((a, b) => (a.name < b.name ? -1 : 1));
const extensionConflicts = (conflicts: readonly { what: string }[]) =>
  conflicts.filter(({ what }) => !what.startsWith('inputs'));

test('changes that do not touch each other are all in the merge, in 300 random cases', () => {
  const seed = Date.now() % 1_000_000_007;
  let state = seed;
  const below = (n: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % n;
  };
  for (let round = 0; round < 300; round++) {
    const names = Array.from({ length: 4 + below(8) }, (_, i) => `p${i}`);
    const base = new Map(names.map((name) => [name, entry(name, '1.0.0')]));
    const [ours, theirs, both] = [new Map(base), new Map(base), new Map(base)];
    for (const name of [...names, 'new1', 'new2', 'new3']) {
      const side = [ours, theirs, undefined][below(3)];
      const changed = below(4) === 0 ? undefined : entry(name, `1.${1 + below(5)}.0`);
      for (const each of side === undefined ? [] : [side, both]) {
        if (changed === undefined) each.delete(name);
        else each.set(name, changed);
      }
    }
    const locks = [base, ours, theirs, both].map((map) => lockOf([...map.values()])) as [
      Lock,
      Lock,
      Lock,
      Lock,
    ];
    const merged = mergeLocks(locks[0], locks[1], locks[2]);
    assert.deepEqual(extensionConflicts(merged.conflicts), [], `seed ${seed}, round ${round}`);
    assert.deepEqual(sorted(merged.lock), sorted(locks[3]), `seed ${seed}, round ${round}`);
    const mirrored = mergeLocks(locks[0], locks[2], locks[1]);
    assert.deepEqual(versionsOf(mirrored.lock), versionsOf(merged.lock));
  }
});

test('what both sides changed differently is stated, and the newer version stands in for it', () => {
  const base = lockOf([entry('web', '1.0.0'), entry('db', '1.0.0')]);
  const ours = lockOf([entry('web', '1.1.0'), entry('db', '1.0.0')]);
  const theirs = lockOf([entry('web', '1.2.0')]);
  const { lock, conflicts } = mergeLocks(base, ours, theirs);
  assert.deepEqual(versionsOf(lock), ['web@1.2.0']);
  assert.deepEqual(
    extensionConflicts(conflicts).map(({ what }) => what),
    ['taskserv web'],
  );
  const removed = mergeLocks(base, lockOf([entry('db', '1.0.0')]), theirs);
  assert.match(JSON.stringify(removed.conflicts), /"ours":"removed"/);
  const alike = mergeLocks(base, theirs, theirs);
  assert.deepEqual([alike.conflicts, formatLock(alike.lock)], [[], formatLock(theirs)]);
});

test('two sides that come to need the same are no conflict; without a base both are kept', () => {
  const shared = entry('os', '1.0.0', [], false);
  const ours = lockOf([entry('web', '1.0.0', ['os']), shared]);
  const theirs = lockOf([entry('db', '1.0.0', ['os']), shared]);
  for (const base of [lockOf([]), undefined]) {
    const { lock, conflicts } = mergeLocks(base, ours, theirs);
    assert.deepEqual(extensionConflicts(conflicts), []);
    assert.deepEqual(lock.extensions.find(({ name }) => name === 'os')?.requiredBy, ['db', 'web']);
  }
  const policy = { ...ours.policy, strategy: 'lowest' as const };
  const clash = mergeLocks(
    lockOf([]),
    { ...ours, policy },
    { ...ours, policy: { ...policy, strategy: 'security-only' } },
  );
  assert.ok(clash.conflicts.some(({ what }) => what === 'policy'));
});
