import assert from 'node:assert/strict';
import { EXPECT, type LockAttack } from './lock-attacks.js';
import { type LockStage, outcomeOf, USES, type Use } from './lock-stage.js';

export const ALL_USES = Object.keys(USES) as Use[];
/** Commands at once. */
const AT_ONCE = 2;

export interface Play {
  readonly attack: LockAttack;
  readonly use: Use;
  readonly state: 'installed' | 'fresh';
}

/** Plays all; what came out otherwise than expected is told together. */
export async function playAll(stage: LockStage, plays: readonly Play[], normal: LockAttack['expect'] = {}) {
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
      } catch (error) {
        wrong.push(`${name}: ${(error as Error).message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  assert.deepEqual(wrong, []);
}

export const each = (attacks: readonly LockAttack[], uses: readonly Use[], state: Play['state']): Play[] =>
  attacks.flatMap((attack) => uses.map((use) => ({ attack, use, state })));

/** The lock as it is: what every attack differs from by its edit alone. */
export async function untouched(stage: LockStage) {
  for (const use of ALL_USES)
    assert.notEqual((await outcomeOf(stage.copy('installed'), use)).outcome, 'refused', use);
  for (const use of ['resolve', 'locked', 'frozen'] as const)
    assert.equal((await outcomeOf(stage.copy('fresh'), use)).outcome, 'mended', use);
}
