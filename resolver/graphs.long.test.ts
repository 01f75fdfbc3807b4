import assert from 'node:assert/strict';
import { test } from 'node:test';
import semver from 'semver';
import { isRange, isVersion, parseRange } from '#schemas';
import { checkProof } from './proof/check-proof.js';
import { VersionList } from './ranges/version-list.js';
import { hasVersion } from './solver/version-set.js';
import { checkChoice } from './testing/check-choice.js';
import { NO_SHARED_DATA, sharedGraph, sharedNames } from './testing/shared-data.js';
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

test('every range of the npm graph selects exactly the versions that semver says', (context) => {
  const graph = sharedNames('npm-graph.json.gz');
  if (graph === undefined) return context.skip(NO_SHARED_DATA);
  const wanted = new Map<string, Set<string>>();
  for (const versions of Object.values(graph))
    for (const { d = {} } of Object.values(versions))
      for (const [name, range] of Object.entries(d))
        wanted.set(name, (wanted.get(name) ?? new Set()).add(range));
  let compared = 0;
  let noRange = 0;
  let ms = 0;
  for (const [name, ranges] of wanted) {
    const versions = Object.keys(graph[name] ?? {}).filter(isVersion);
    const list = new VersionList(versions);
    for (const range of ranges) {
      if (semver.validRange(range) === null || !isRange(range)) {
        noRange++;
        continue;
      }
      const started = performance.now();
      const bits = list.select(parseRange(range), false);
      ms += performance.now() - started;
      const parsed = new semver.Range(range);
      list.versions.forEach((version, v) => {
        assert.equal(hasVersion(bits, 0, v), parsed.test(version), `${name} ${version} in ${range}`);
      });
      compared++;
    }
  }
  context.diagnostic(`${compared} ranges in ${ms.toFixed(0)} ms, ${noRange} are no ranges`);
  assert.ok(compared > 10_000, String(compared));
});
