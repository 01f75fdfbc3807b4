import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { combinePolicies } from './combine-policies.js';
import { parseTrustPolicy } from './parse-trust-policy.js';
import { policyForKeys } from './policy-for-keys.js';
import { signerOf } from './private-key.js';
import { trustsKey } from './trusts-key.js';

const keyOf = () => signerOf(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey).publicKey;
const [alice, bob, eve] = [keyOf(), keyOf(), keyOf()];
const request = { repository: 'team/redis', version: '1.0.0', kind: 'taskserv' as const };

test('a key speaks for what a policy of bare keys names', () => {
  assert.equal(trustsKey(policyForKeys([alice]), alice.id, request), true);
  assert.equal(trustsKey(policyForKeys([alice]), eve.id, request), false);
});

test('every layer has to agree, and a threshold is not met by one key', () => {
  const both = combinePolicies([policyForKeys([alice, bob]), policyForKeys([alice])]);
  assert.equal(trustsKey(both, alice.id, request), true);
  assert.equal(trustsKey(both, bob.id, request), false);
});

const indented = (pem: string) => JSON.stringify(pem);

test('the most specific rule decides, as for signatures, and only keys in force count', async () => {
  const policy = await parseTrustPolicy(
    `apiVersion: prov.dev/trust/v1
version: 1
keys:
  alice: { pem: ${indented(alice.pem)} }
  bob: { pem: ${indented(bob.pem)} }
  old: { pem: ${indented(eve.pem)}, status: retired }
principals:
  alice: { keys: [alice] }
  bob: { keys: [bob, old] }
default: deny
rules:
  - { match: { repository: "team/*" }, require: [{ signature: { by: alice } }] }
  - { match: { repository: "**" }, require: [{ signature: { by: bob } }] }
`,
    'trust-policy.yaml',
  );
  assert.equal(trustsKey(policy, alice.id, request), true);
  assert.equal(trustsKey(policy, bob.id, request), false);
  assert.equal(trustsKey(policy, bob.id, { repository: 'other/redis' }), true);
  assert.equal(trustsKey(policy, eve.id, { repository: 'other/redis' }), false, 'it is retired');
});
