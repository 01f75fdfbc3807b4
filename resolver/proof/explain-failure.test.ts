import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { resolutionFailureSchema } from '#schemas';
import { resolve } from '../resolve.js';
import type { ResolveOptions } from '../resolve-options.js';
import { memorySource, type ShortUniverse, wanted } from '../testing/memory-source.js';
import { checkProof } from './check-proof.js';
import { explainFailure } from './explain-failure.js';
import { explainTree } from './explain-tree.js';
import { failureDocument } from './failure-document.js';
import { minimiseProof } from './minimise-proof.js';

/** Goldens are written anew when the file is removed. */
const GOLDENS = new URL('../../../resolver/proof/goldens/', import.meta.url);

interface Situation {
  readonly name: string;
  readonly universe: ShortUniverse;
  readonly roots: Readonly<Record<string, string>>;
  readonly options?: Partial<ResolveOptions>;
}

const redis = { '6.0.0': {}, '6.2.0': {}, '7.0.0': {}, '7.2.0': {} };

const SITUATIONS: readonly Situation[] = [
  { name: 'missing-package', universe: {}, roots: { redsi: '^7' } },
  { name: 'no-such-version', universe: { redis }, roots: { redis: '^9' } },
  {
    name: 'two-ranges-of-one-package',
    universe: {
      web: {
        '1.0.0': { deps: { redis: '^6' } },
        '2.0.0': { deps: { redis: '^7' } },
        '2.1.0': { deps: { redis: '^7' } },
      },
      queue: { '1.0.0': { deps: { redis: '^6' } }, '1.1.0': { deps: { redis: '~6.2.0' } } },
      redis,
    },
    roots: { web: '^2', queue: '*' },
  },
  {
    name: 'deep-chain',
    universe: {
      app: { '1.0.0': { deps: { api: '^1' } } },
      api: { '1.0.0': { deps: { store: '^2' } }, '1.1.0': { deps: { store: '^3' } } },
      store: { '2.0.0': { deps: { driver: '^1' } }, '3.0.0': { deps: { driver: '^2' } } },
      driver: { '1.0.0': { deps: { gone: '*' } }, '2.0.0': { platforms: ['linux/amd64'] } },
    },
    roots: { app: '*' },
    options: { platforms: ['linux/arm64'] },
  },
  {
    name: 'exclusive-capability',
    universe: {
      docker: { '24.0.0': { provides: { 'container-runtime': '1.0.0!' } } },
      podman: { '4.0.0': { provides: { 'container-runtime': '1.1.0!' } } },
      k8s: { '1.30.0': { deps: { podman: '^4' } } },
    },
    roots: { docker: '*', k8s: '*' },
  },
  {
    name: 'declared-conflict-and-yanked',
    universe: {
      a: { '1.0.0': { conflicts: { b: '>=2.0.0' } } },
      b: { '1.0.0': { state: 'yanked', reason: 'loses data' }, '2.0.0': {} },
    },
    roots: { a: '*', b: '*' },
  },
  {
    name: 'needs-newer-prov',
    universe: { web: { '1.0.0': { needs: '>=2.0.0' }, '1.1.0': { needs: '>=2.0.0' } } },
    roots: { web: '^1' },
  },
  {
    name: 'override-in-the-way',
    universe: { web: { '1.0.0': { deps: { redis: '^7' } } }, redis },
    roots: { web: '*' },
    options: { overrides: [wanted('redis', '^9', 14)] },
  },
  {
    name: 'branching',
    universe: {
      foo: { '1.0.0': { deps: { a: '^1', b: '^1' } }, '1.1.0': { deps: { x: '^1', y: '^1' } } },
      a: { '1.0.0': { deps: { b: '^2' } } },
      b: { '1.0.0': {}, '2.0.0': {} },
      x: { '1.0.0': { deps: { y: '^2' } } },
      y: { '1.0.0': {}, '2.0.0': {} },
    },
    roots: { foo: '^1' },
  },
];

for (const { name, universe, roots, options } of SITUATIONS) {
  test(`the explanation of ${name} is minimal, checked and as recorded`, async () => {
    const requirements = Object.entries(roots).map(([each, range], i) => wanted(each, range, i + 10));
    const result = await resolve({
      requirements,
      source: memorySource(universe),
      provVersion: '1.0.0',
      ...options,
    });
    assert.ok(!result.ok && result.failure.type === 'unsatisfiable');
    const { proof } = result.failure;
    assert.equal(checkProof(proof), undefined);
    assert.equal(minimiseProof(proof).facts.length, proof.facts.length);
    const text = `${explainFailure(result.failure)}\n`;
    const golden = new URL(`${name}.txt`, GOLDENS);
    if (!existsSync(golden)) {
      mkdirSync(GOLDENS, { recursive: true });
      writeFileSync(golden, text);
    }
    assert.equal(text, readFileSync(golden, 'utf8'));
    assert.doesNotMatch(text, /undefined|∅/);
    const document = failureDocument(result.failure);
    assert.deepEqual(resolutionFailureSchema.parse(document), document);
    const tree = explainTree(result.failure);
    for (const { cause } of proof.facts)
      if (cause.type === 'requirement') assert.match(tree, new RegExp(`:${cause.origin.line} `));
    assert.equal(tree.split('\n').filter((line) => /[├└]─/.test(line)).length, proof.facts.length, tree);
    assert.match(tree, /✗/);
  });
}
