import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, isProvError } from '#base';
import { assertTrusted } from './assert-trusted.js';
import { newKey, signedExtension } from './fixtures/signed-extension.js';
import { KEY_ALGORITHMS } from './key-algorithm.js';
import { policyForKeys } from './policy-for-keys.js';
import { verifyArtifact } from './verify-artifact.js';

for (const algorithm of KEY_ALGORITHMS) {
  test(`${algorithm}: the bundle alone and the .sig signature alone are each enough`, async () => {
    const { input, key } = await signedExtension({ key: newKey(algorithm) });
    const both = await verifyArtifact(input);
    assert.deepEqual(
      [both.ok, both.verified, both.mode, both.reason, both.rule],
      [true, true, 'enforce', 'accepted', 'given-keys'],
    );
    assert.deepEqual(both.signer, { identity: `key:${key.publicKey.id}`, keyId: key.publicKey.id });
    assert.deepEqual(both.bundleDigests, [digestOf(input.bundles[0]!)]);
    assert.deepEqual(both.legacyDigests, [digestOf(input.legacy![0]!.payload)]);
    assert.equal((await verifyArtifact({ ...input, legacy: [] })).ok, true);
    assert.equal((await verifyArtifact({ ...input, bundles: [] })).ok, true);
    assertTrusted(both);
  });
}

test('the version may be left open, the name never', async () => {
  const { input } = await signedExtension();
  assert.equal((await verifyArtifact({ ...input, request: { repository: 'acme/redis' } })).ok, true);
  assert.equal(
    (await verifyArtifact({ ...input, request: { repository: 'acme/valkey' } })).reason,
    'name-mismatch',
  );
});

test('a refusal is an error with a stable reason and every step', async () => {
  const { input } = await signedExtension();
  const verdict = await verifyArtifact({ ...input, policy: policyForKeys([newKey().publicKey]) });
  assert.equal(verdict.ok, false);
  assert.throws(
    () => assertTrusted(verdict),
    (error) =>
      isProvError(error, 'TRUST_REFUSED') &&
      error.exitCode === 6 &&
      error.details['reason'] === 'unknown-key' &&
      Array.isArray(error.details['reasons']),
  );
});

test('a good signature counts among bad ones, whatever their order', async () => {
  const { input } = await signedExtension();
  const junk = [
    Buffer.from('{'),
    Buffer.from('{"mediaType":"x"}'),
    (await signedExtension({ key: newKey() })).input.bundles[0]!,
  ];
  for (const bundles of [
    [...junk, ...input.bundles],
    [...input.bundles, ...junk],
  ]) {
    const verdict = await verifyArtifact({ ...input, bundles, legacy: [] });
    assert.equal(verdict.ok, true);
    assert.deepEqual(verdict.bundleDigests, [digestOf(input.bundles[0]!)]);
    assert.equal(verdict.reasons.filter(({ ok }) => !ok).length, 3);
  }
});

test('signatures that may be hidden are not called missing; what is found still counts', async () => {
  const { input } = await signedExtension();
  const uncertain = 'the registry answers 405 to the question for referrers';
  const hidden = await verifyArtifact({ ...input, bundles: [], legacy: [], uncertain });
  assert.deepEqual([hidden.ok, hidden.reason], [false, 'signatures-uncertain']);
  assert.ok(hidden.explanation.includes(uncertain));
  assert.equal((await verifyArtifact({ ...input, uncertain })).ok, true);
  assert.equal((await verifyArtifact({ ...input, bundles: [], legacy: [] })).reason, 'unsigned');
});

test('a policy without layers accepts nothing', async () => {
  const { input } = await signedExtension();
  assert.equal(
    (await verifyArtifact({ ...input, policy: { layers: [], digest: digestOf('') } })).reason,
    'no-rule',
  );
});
