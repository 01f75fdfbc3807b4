import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkProof } from './proof/check-proof.js';
import { checkChoice } from './testing/check-choice.js';
import { NO_SHARED_DATA, sharedGraph } from './testing/shared-data.js';
import { solveEveryRoot } from './testing/solve-roots.js';

test('every root of the npm graph has the known answer, solutions valid, proofs accepted', (context) => {
  const graph = sharedGraph('npm-graph-int.json.gz');
  if (graph === undefined) return context.skip(NO_SHARED_DATA);
  const { solvable, unsolvable } = solveEveryRoot(graph, {
    solved: (root, chosen) => assert.deepEqual(checkChoice(graph, root, chosen), [], root.join(' ')),
    failed: (root, proof) => assert.equal(checkProof(proof), undefined, root.join(' ')),
  });
  assert.deepEqual({ solvable, unsolvable }, { solvable: 27_518, unsolvable: 9599 });
  const started = performance.now();
  solveEveryRoot(graph);
  context.diagnostic(`37,117 roots, compile included: ${(performance.now() - started).toFixed(0)} ms`);
});
