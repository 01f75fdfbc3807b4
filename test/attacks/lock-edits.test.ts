import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LOCK_EDITS, TREE_EDITS, TREE_EXPECT } from './lock-attacks.js';
import { openLockStage, outcomeOf } from './lock-stage.js';
import { playAll } from './play-lock-attacks.js';

const editOf = (what: string) => {
  const found = [...LOCK_EDITS, ...TREE_EDITS].find((each) => each.what === what);
  assert.ok(found, what);
  return found;
};

test('the edits of a lock and of installed trees that matter most, each in a use that once let it through', async (t) => {
  const stage = await openLockStage(t);
  for (const use of ['locked', 'deploy'] as const)
    assert.notEqual((await outcomeOf(stage.copy('installed'), use)).outcome, 'refused', use);
  assert.equal((await outcomeOf(stage.copy('fresh'), 'frozen')).outcome, 'mended');
  await playAll(stage, [
    { attack: editOf('a dependency is led to a namesake'), use: 'frozen', state: 'installed' },
    { attack: editOf('a dependency is led to a namesake'), use: 'locked', state: 'fresh' },
    {
      attack: editOf('an entry and all edges to it are for other platforms'),
      use: 'locked',
      state: 'installed',
    },
    {
      attack: editOf('the lock is for other platforms, and lacks what only this one needs'),
      use: 'locked',
      state: 'installed',
    },
    { attack: editOf('an extension is added that excludes another one'), use: 'frozen', state: 'fresh' },
    { attack: editOf('who signed it'), use: 'frozen', state: 'installed' },
    { attack: editOf('the config of another extension'), use: 'resolve', state: 'installed' },
    {
      attack: editOf('a script is edited, and the lock has the digest of the edited tree'),
      use: 'frozen',
      state: 'installed',
    },
    { attack: editOf('a dependency is taken out with what it led to'), use: 'deploy', state: 'installed' },
  ]);
  const noted = editOf('a script is edited, with a note beside it that it is right');
  await playAll(stage, [{ attack: noted, use: 'locked', state: 'installed' }], TREE_EXPECT);
});

test('a time of publication in the lock satisfies no age that is taken from the registry: the registry is asked', async (t) => {
  const stage = await openLockStage(t, { resolution: ['min_age: 1h', 'age_source: registry'], later: true });
  const soon = { SOURCE_DATE_EPOCH: String(Math.trunc(Date.now() / 1000) + 7200) };
  assert.match(stage.text, /publishedAt:/);
  // When all is old enough, as the lock says, it is kept.
  for (const use of ['locked', 'resolve'] as const) {
    const { code, stdout } = await stage.copy('installed').run(use, { env: soon });
    assert.equal(code, 0, stdout);
  }
  for (const use of ['locked', 'resolve'] as const) {
    const at = stage.copy('installed');
    at.lock((lock) => ({
      ...lock,
      extensions: lock.extensions.map((entry) => ({ ...entry, publishedAt: '2001-01-01T00:00:00.000Z' })),
    }));
    const attacked = readFileSync(at.lockFile, 'utf8');
    const { code, json } = await at.run(use);
    assert.equal(json.error?.code, use === 'locked' ? 'MANAGER_LOCK_STALE' : 'MANAGER_UNRESOLVABLE');
    assert.ok(code !== 0);
    if (use === 'locked')
      assert.match(json.error!.message, /was published 20\S+, says main; the minimum age of 1h/);
    assert.equal(readFileSync(at.lockFile, 'utf8'), attacked);
  }
});
