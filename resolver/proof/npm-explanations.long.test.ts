import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FactOracle } from '../testing/proof-facts.js';
import { NO_SHARED_DATA, sharedGraph } from '../testing/shared-data.js';
import { solveEveryRoot } from '../testing/solve-roots.js';
import { explainFailure } from './explain-failure.js';
import { minimiseProof } from './minimise-proof.js';

/** Every so many proofs are held against MiniSat, fact by fact. */
const CHECKED = 100;

test('the npm graph: every failure is explained from a minimal core, in at most 12 lines at p95', (context) => {
  const graph = sharedGraph('npm-graph-int.json.gz');
  if (graph === undefined) return context.skip(NO_SHARED_DATA);
  const lines: number[] = [];
  const facts: number[] = [];
  const oracle = new FactOracle();
  let cpu = 0;
  solveEveryRoot(graph, {
    failed: (root, proof) => {
      const before = process.cpuUsage();
      const core = minimiseProof(proof);
      const text = explainFailure({
        type: 'unsatisfiable',
        proof: core,
        statistics: { decisions: 0, conflicts: 0, packages: 0, elapsedMs: 0 },
      });
      const used = process.cpuUsage(before);
      cpu += (used.user + used.system) / 1000;
      assert.equal(core.perhapsNotMinimal, undefined, root.join(' '));
      assert.doesNotMatch(text, /undefined|∅/, root.join(' '));
      lines.push(text.split('\n').length);
      facts.push(core.facts.length);
      if (lines.length % CHECKED !== 0) return;
      const isSolvable = oracle.of({ ...core, packages: core.packages });
      assert.equal(isSolvable(core.facts), false, root.join(' '));
      for (const fact of core.facts)
        assert.equal(isSolvable(core.facts.filter((each) => each !== fact)), true, root.join(' '));
    },
  });
  const at = (numbers: number[], share: number) =>
    numbers.sort((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * share))]!;
  const spread = (numbers: number[]) =>
    [0.5, 0.9, 0.95, 0.99, 1].map((share) => at(numbers, share)).join(' / ');
  context.diagnostic(`${lines.length} failures, p50 / p90 / p95 / p99 / max`);
  context.diagnostic(`facts of the minimal core: ${spread(facts)}`);
  context.diagnostic(`lines of the whole text: ${spread(lines)}`);
  context.diagnostic(`${(cpu / lines.length).toFixed(2)} ms of CPU a failure, minimising included`);
  assert.equal(lines.length, 9599);
  assert.ok(at(lines, 0.95) <= 12, `${at(lines, 0.95)} lines at p95`);
});
