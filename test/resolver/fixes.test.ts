import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkProof, FIXES_MS, findFixes, resolve, withChanges } from '#resolver';
import { memorySource } from '../../resolver/testing/memory-source.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { failureOf, provisioningText, situationOptions, situationWorkspace } from './situation-workspace.js';
import { SITUATIONS } from './situations.js';

test(`at least 95 % of ${SITUATIONS.length} situations have a fix within ${FIXES_MS} ms, and each fix is one`, async (t) => {
  const folder = temporaryDirectory(t);
  const without: string[] = [];
  const times: number[] = [];
  for (const situation of SITUATIONS) {
    const workspace = await situationWorkspace(join(folder, situation.id), provisioningText(situation));
    const options = situationOptions(situation, workspace);
    const failure = await failureOf(situation, options);
    assert.ok(failure.type === 'unsatisfiable', situation.id);
    assert.equal(checkProof(failure.proof), undefined, situation.id);
    const started = performance.now();
    const { fixes, complete } = await findFixes(failure.proof, options);
    times.push(performance.now() - started);
    for (const fix of fixes) {
      const source = memorySource(situation.universe);
      const again = await resolve(withChanges({ ...options, source }, fix.changes));
      assert.ok(again.ok, `${situation.id}: ${JSON.stringify(fix.changes)}`);
      assert.deepEqual(
        again.solution.packages.map(({ id, version }) => `${id} ${version}`),
        fix.solution.packages.map(({ id, version }) => `${id} ${version}`),
      );
      assert.ok(fix.changes.length <= 2);
      for (const change of fix.changes) {
        const isCapability = change.type === 'override' && !(change.name in situation.universe);
        if ('range' in change && !isCapability) assert.notEqual(change.range, '*', situation.id);
      }
    }
    if (fixes.length === 0) without.push(situation.id);
    if (situation.hopeless)
      assert.deepEqual([fixes.length, complete], [0, true], `${situation.id} is hopeless`);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor((times.length - 1) * share)]!.toFixed(1);
  t.diagnostic(`without a fix: ${without.join(', ')}`);
  t.diagnostic(`ms to find them, p50 / p95 / max: ${at(0.5)} / ${at(0.95)} / ${at(1)}`);
  assert.ok(without.length <= SITUATIONS.length * 0.05, without.join(', '));
});
