import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { type Attack, SURFACES, type Surface } from './attack.js';
import { ATTACKS } from './list.js';
import { type Baseline, makeBaseline, Stage } from './stage.js';
import { attempt } from './surfaces.js';

describe('the attack list', () => {
  const ends: (() => void | Promise<void>)[] = [];
  const cleanup = { after: (end: () => void | Promise<void>) => ends.push(end) };
  let baseline: Baseline;
  before(async () => {
    baseline = await makeBaseline(cleanup, temporaryDirectory(cleanup));
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  for (const attack of ATTACKS) {
    const { number, what, code, says, on = SURFACES } = attack;
    test(`${number}: ${what}`, async (t) => {
      const folder = temporaryDirectory(t);
      const wrong: string[] = [];
      for (const surface of on) {
        const play = async (hostile: boolean) => {
          const stage = await Stage.open(t, baseline);
          await attack.play(stage, hostile);
          return attempt(t, { stage, surface, folder: join(folder, `${surface}-${hostile}`) });
        };
        const twin = await play(false);
        if (!twin.accepted) wrong.push(`${surface}, twin: ${twin.code} ${twin.sentence}`);
        const outcome = await play(true);
        const expected = codeOn(code, surface);
        if (outcome.code !== expected || !says.test(outcome.sentence))
          wrong.push(`${surface}, not ${expected} ${says}: ${outcome.code} ${outcome.sentence}`);
      }
      assert.deepEqual(wrong, []);
    });
  }
});

function codeOn(code: Attack['code'], surface: Surface): string {
  return typeof code === 'string' ? code : code[surface]!;
}
