import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import dns from 'node:dns';
import net from 'node:net';
import { test } from 'node:test';
import { newKey, signedExtension } from './fixtures/signed-extension.js';
import { KEY_ALGORITHMS } from './key-algorithm.js';
import { signerOf } from './private-key.js';
import { verifyArtifact } from './verify-artifact.js';

const EMPTY_ROOT = {
  mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  tlogs: [],
  ctlogs: [],
  certificateAuthorities: [],
  timestampAuthorities: [],
};

test('@sigstore/verify accepts our bundles of all four key types', async () => {
  const { bundleFromJSON } = await import('@sigstore/bundle');
  const { toSignedEntity, toTrustMaterial, Verifier } = await import('@sigstore/verify');
  for (const algorithm of KEY_ALGORITHMS) {
    const { input, key } = await signedExtension({ key: newKey(algorithm) });
    const trust = toTrustMaterial(EMPTY_ROOT, (hint) => {
      assert.equal(hint, key.publicKey.id);
      return { publicKey: key.publicKey.object, validFor: () => true };
    });
    const verifier = new Verifier(trust, { tlogThreshold: 0, timestampThreshold: 0, ctlogThreshold: 0 });
    verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(Buffer.from(input.bundles[0]!).toString()))));
  }
});

test('a P-384 signature with SHA-384, as cosign makes it, verifies', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
  const key = { ...signerOf(privateKey), sign: async (data: Uint8Array) => sign('sha384', data, privateKey) };
  const { input } = await signedExtension({ key });
  assert.equal((await verifyArtifact({ ...input, legacy: [] })).ok, true);
  assert.equal((await verifyArtifact({ ...input, bundles: [] })).ok, true);
});

test('verifying opens no socket and asks no name server', async (t) => {
  const { input } = await signedExtension();
  const connect = t.mock.method(net.Socket.prototype, 'connect', () => {
    throw new Error('a socket');
  });
  const lookup = t.mock.method(dns, 'lookup', () => {
    throw new Error('a look-up');
  });
  assert.equal((await verifyArtifact(input)).ok, true);
  assert.equal(
    (await verifyArtifact({ ...input, bundles: [Buffer.from(input.bundles[0]!).subarray(1)], legacy: [] }))
      .ok,
    false,
  );
  assert.deepEqual([connect.mock.callCount(), lookup.mock.callCount()], [0, 0]);
});
