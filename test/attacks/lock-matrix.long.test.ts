import { test } from 'node:test';
import { LOCK_EDITS, TREE_EDITS, TREE_EXPECT } from './lock-attacks.js';
import { openLockStage } from './lock-stage.js';
import { ALL_USES, each, playAll, untouched } from './play-lock-attacks.js';

test(`${LOCK_EDITS.length} edits of a lock, whatever it is used for, with everything installed and with nothing`, async (t) => {
  const stage = await openLockStage(t);
  await untouched(stage);
  await playAll(stage, [
    ...each(LOCK_EDITS, ALL_USES, 'installed'),
    ...each(LOCK_EDITS, ['locked', 'frozen'], 'fresh'),
  ]);
});

test(`${TREE_EDITS.length} edits of what is installed, whatever it is used for`, async (t) => {
  const stage = await openLockStage(t);
  await untouched(stage);
  await playAll(stage, each(TREE_EDITS, ALL_USES, 'installed'), TREE_EXPECT);
});
