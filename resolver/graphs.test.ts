import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkProof } from './proof/check-proof.js';
import { minimiseProof } from './proof/minimise-proof.js';
import { ADVERSARIAL } from './testing/adversarial.js';
import { checkChoice } from './testing/check-choice.js';
import { NO_SHARED_DATA, sharedGraph } from './testing/shared-data.js';
import { solveEveryRoot, solveNamedRoot } from './testing/solve-roots.js';

test('every root of large_case has the known answer, solutions valid, proofs accepted', (context) => {
  const graph = sharedGraph('large_case.json');
  if (graph === undefined) return context.skip(NO_SHARED_DATA);
  const { solvable, unsolvable } = solveEveryRoot(graph, {
    solved: (root, chosen) => assert.deepEqual(checkChoice(graph, root, chosen), [], root.join(' ')),
    failed: (root, proof) => {
      assert.equal(checkProof(proof), undefined, root.join(' '));
      assert.equal(checkProof(minimiseProof(proof)), undefined, root.join(' '));
    },
  });
  assert.deepEqual({ solvable, unsolvable }, { solvable: 593, unsolvable: 48 });
  const started = performance.now();
  solveEveryRoot(graph);
  context.diagnostic(`641 roots, compile included: ${(performance.now() - started).toFixed(1)} ms`);
});

for (const { name, graph, solvable } of ADVERSARIAL) {
  test(`${name} comes to an end`, (context) => {
    const started = performance.now();
    const counts = solveNamedRoot(graph, 'root', {
      solved: (root, chosen) => assert.deepEqual(checkChoice(graph, root, chosen), []),
    });
    context.diagnostic(`${(performance.now() - started).toFixed(1)} ms, ${counts.conflicts} conflicts`);
    assert.equal(counts.solvable, solvable ? 1 : 0);
  });
}
