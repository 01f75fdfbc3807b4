import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { digestOf, isProvError } from '#base';
import { MEDIA } from '#schemas';
import { readBundle } from './bundle-document.js';
import { checkSignature } from './check-signature.js';
import { signerOf } from './private-key.js';
import { bundleBytes, type SignInput, signArtifact } from './sign-artifact.js';
import { readLegacySignature } from './simple-signing.js';

const bytes = Buffer.from('{"schemaVersion":2}');
const input: Omit<SignInput, 'key'> = {
  manifest: {
    descriptor: { mediaType: MEDIA.ociManifest, digest: digestOf(bytes), size: bytes.byteLength },
    bytes,
  },
  repository: 'acme/redis',
  version: '7.2.0+build.1',
  kind: 'taskserv',
  dockerReference: 'localhost:5000/acme/redis:7.2.0_build.1',
};
const claims = { repository: 'acme/redis', name: 'redis', version: '7.2.0+build.1', kind: 'taskserv' };

test('a bundle and a legacy signature carry the same claims and verify', async () => {
  const key = signerOf(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey);
  const signed = await signArtifact({ ...input, key });
  const read = readBundle(signed.bundle.bytes);
  assert.ok(read.ok);
  assert.equal(read.bundle.hint, key.publicKey.id);
  assert.deepEqual(read.bundle.statement, { subjectDigest: digestOf(bytes), claims });
  assert.ok(await checkSignature(key.publicKey, read.bundle.signed, read.bundle.signature));
  const legacy = readLegacySignature(signed.legacy);
  assert.ok(legacy.ok);
  assert.deepEqual(legacy.claims, claims);
  assert.equal(legacy.subjectDigest, digestOf(bytes));
  assert.ok(await checkSignature(key.publicKey, signed.legacy.payload, legacy.signature));
});

test('the bundle equals what @sigstore/sign makes, byte for byte', async () => {
  const { DSSEBundleBuilder } = await import('@sigstore/sign');
  const { bundleToJSON } = await import('@sigstore/bundle');
  const key = signerOf(generateKeyPairSync('ed25519').privateKey);
  const statement = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}');
  const signer = {
    sign: async (data: Buffer) => ({
      signature: Buffer.from(await key.sign(data)),
      key: { $case: 'publicKey' as const, publicKey: key.publicKey.pem },
    }),
  };
  const bundle = await new DSSEBundleBuilder({ signer, witnesses: [] }).create({
    data: statement,
    type: 'application/vnd.in-toto+json',
  });
  assert.equal(bundle.verificationMaterial.content.$case, 'publicKey');
  if (bundle.verificationMaterial.content.$case === 'publicKey')
    bundle.verificationMaterial.content.publicKey.hint = key.publicKey.id;
  const envelope = bundle.content.$case === 'dsseEnvelope' ? bundle.content.dsseEnvelope : undefined;
  const ours = bundleBytes(key.publicKey.id, statement, envelope!.signatures[0]!.sig);
  assert.equal(ours.toString(), JSON.stringify(bundleToJSON(bundle)));
});

test('Ed25519 and RSA signatures are the same every time', async () => {
  for (const { privateKey } of [
    generateKeyPairSync('ed25519'),
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ]) {
    const key = signerOf(privateKey);
    const [a, b] = [await signArtifact({ ...input, key }), await signArtifact({ ...input, key })];
    assert.deepEqual(a, b);
  }
});

test('what does not agree with itself is not signed', async () => {
  const key = signerOf(generateKeyPairSync('ed25519').privateKey);
  const wrong: Partial<SignInput>[] = [
    { name: 'valkey' },
    { tag: 'latest' },
    { version: 'v1' },
    { repository: 'Acme/redis' },
    { dockerReference: 'localhost:5000/acme/redis:7.2.1' },
    { dockerReference: 'localhost:5000/other/redis:7.2.0_build.1' },
    { manifest: { ...input.manifest, bytes: Buffer.from('{}') } },
  ];
  for (const change of wrong) {
    await assert.rejects(
      signArtifact({ ...input, key, ...change }),
      (error) => isProvError(error, 'TRUST_SUBJECT_INVALID'),
      JSON.stringify(change),
    );
  }
});

test('a signer whose keys do not belong together is noticed', async () => {
  const [one, other] = [
    signerOf(generateKeyPairSync('ed25519').privateKey),
    signerOf(generateKeyPairSync('ed25519').privateKey),
  ];
  const key = { publicKey: one.publicKey, sign: other.sign };
  await assert.rejects(signArtifact({ ...input, key }), (error) =>
    isProvError(error, 'TRUST_SIGNER_INCONSISTENT'),
  );
});
