import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeldBack } from '#resolver';
import { heldReasons } from './held-reasons.js';

const held: HeldBack = {
  id: 'main:acme/redis',
  name: 'redis',
  version: '7.0.0',
  newest: '8.0.0',
  direct: true,
  reasons: [{ type: 'range', text: 'web 1.0.0 asks for ^7' }],
};
const alone = { package: 0, versions: [0], absent: false };
const proof = {
  packages: [{ name: 'redis', versions: ['8.0.0'], role: 'extension' as const }],
  facts: [
    { terms: [alone], cause: { type: 'revoked' as const } },
    {
      terms: [{ package: 0, versions: [], absent: true }],
      cause: { type: 'taken' as const, target: 'redis' },
    },
  ],
  steps: [{ left: 0, right: 1, pivot: 0, terms: [] }],
};

test('reasons are told when the proof behind them holds, and a proof that does not hold is told instead', () => {
  assert.deepEqual(heldReasons(undefined), []);
  assert.deepEqual(heldReasons(held), ['web 1.0.0 asks for ^7']);
  assert.deepEqual(heldReasons({ ...held, proof }), ['web 1.0.0 asks for ^7']);
  const wrong = { ...proof, steps: [{ left: 0, right: 1, pivot: 0, terms: [alone] }] };
  const [told = '', ...others] = heldReasons({ ...held, proof: wrong });
  assert.match(told, /^the proof of why does not hold at line \d+: .+ \(a bug in prov: please report/);
  assert.deepEqual(others, []);
});
