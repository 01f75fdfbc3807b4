import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { EXPECT, LOCK_EDITS, type LockAttack, TREE_EDITS, TREE_EXPECT } from './lock-attacks.js';
import { type LockStage, openLockStage, outcomeOf, USES, type Use } from './lock-stage.js';

const ALL = Object.keys(USES) as Use[];

interface Play {
  readonly attack: LockAttack;
  readonly use: Use;
  readonly state: 'installed' | 'fresh';
}

/** Plays all; what came out otherwise than expected is told together. */
async function playAll(stage: LockStage, plays: readonly Play[], normal: LockAttack['expect'] = {}) {
  const wrong: string[] = [];
  const queue = [...plays];
  const worker = async () => {
    for (let play = queue.shift(); play !== undefined; play = queue.shift()) {
      const { attack, use, state } = play;
      const name = `${use}, ${state}: ${attack.what}`;
      try {
        const at = stage.copy(state);
        await attack.play(at);
        const found = await outcomeOf(at, use);
        const expected = [attack.expect?.[use] ?? normal[use] ?? EXPECT[use]].flat();
        if (!expected.includes(found.outcome))
          wrong.push(`${name}: ${found.outcome} ${found.code} ${found.message}`);
        if (process.env['SHOW'])
          console.log(`${name}: ${found.outcome} ${found.code} ${found.message.slice(0, 150)}`);
      } catch (error) {
        wrong.push(`${name}: ${(error as Error).message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 2) }, worker));
  assert.deepEqual(wrong, []);
}

const each = (attacks: readonly LockAttack[], uses: readonly Use[], state: Play['state']): Play[] =>
  attacks.flatMap((attack) => uses.map((use) => ({ attack, use, state })));

/** The lock as it is: what every attack differs from by its edit alone. */
async function untouched(stage: LockStage) {
  for (const use of ALL)
    assert.notEqual((await outcomeOf(stage.copy('installed'), use)).outcome, 'refused', use);
  for (const use of ['resolve', 'locked', 'frozen'] as const)
    assert.equal((await outcomeOf(stage.copy('fresh'), use)).outcome, 'mended', use);
}

test(`${LOCK_EDITS.length} edits of a lock, whatever it is used for, with everything installed and with nothing`, async (t) => {
  const stage = await openLockStage(t);
  await untouched(stage);
  await playAll(stage, [
    ...each(LOCK_EDITS, ALL, 'installed'),
    ...each(LOCK_EDITS, ['locked', 'frozen'], 'fresh'),
  ]);
});

test(`${TREE_EDITS.length} edits of what is installed, whatever it is used for`, async (t) => {
  const stage = await openLockStage(t);
  await untouched(stage);
  await playAll(stage, each(TREE_EDITS, ALL, 'installed'), TREE_EXPECT);
});
