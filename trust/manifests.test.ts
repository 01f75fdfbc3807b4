import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, isProvError } from '#base';
import { MEDIA, parseOciManifest } from '#schemas';
import { newKey, signedExtension } from './fixtures/signed-extension.js';
import { referrerManifest } from './referrer-manifest.js';
import { signArtifact } from './sign-artifact.js';
import { signatureManifest, signatureTag } from './signature-manifest.js';

const json = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;

test('a referrer manifest has the shape that cosign 3 writes', async () => {
  const { sign } = await signedExtension();
  const { bundle } = await signArtifact(sign);
  const subject = sign.manifest.descriptor;
  const built = referrerManifest({ ...subject, annotations: { a: 'b' } }, bundle);
  assert.deepEqual(json(built.bytes), {
    schemaVersion: 2,
    mediaType: MEDIA.ociManifest,
    artifactType: MEDIA.sigstoreBundle,
    config: {
      mediaType: 'application/vnd.oci.empty.v1+json',
      digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
      size: 2,
      artifactType: MEDIA.sigstoreBundle,
    },
    layers: [
      { mediaType: MEDIA.sigstoreBundle, digest: digestOf(bundle.bytes), size: bundle.bytes.byteLength },
    ],
    subject,
    annotations: {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1',
    },
  });
  assert.deepEqual(
    [built.descriptor.digest, built.descriptor.size],
    [digestOf(built.bytes), built.bytes.byteLength],
  );
  assert.equal(built.descriptor.artifactType, MEDIA.sigstoreBundle);
  for (const blob of built.blobs) assert.equal(digestOf(blob.bytes), blob.descriptor.digest);
  assert.deepEqual(referrerManifest(subject, bundle), built);
  assert.match(
    Buffer.from(referrerManifest(subject, bundle, { sourceDateEpoch: 1_700_000_000 }).bytes).toString(),
    /"2023-11-14T22:13:20Z"/,
  );
});

test('a .sig manifest takes further signatures and loses none', async () => {
  const [alice, bob] = [newKey('ecdsa-p256'), newKey()];
  const { sign } = await signedExtension({ key: alice });
  const first = await signArtifact(sign);
  const one = await signatureManifest(first.legacy, alice.publicKey);
  assert.equal(
    signatureTag(sign.manifest.descriptor.digest),
    `sha256-${sign.manifest.descriptor.digest.slice(7)}.sig`,
  );
  const parsed = parseOciManifest(one.bytes, MEDIA.ociManifest);
  assert.ok(parsed.kind === 'manifest');
  assert.deepEqual(parsed.manifest.layers, [
    {
      mediaType: MEDIA.simpleSigning,
      digest: digestOf(first.legacy.payload),
      size: first.legacy.payload.byteLength,
      annotations: { 'dev.cosignproject.cosign/signature': first.legacy.signature },
    },
  ]);
  const config = one.blobs.find(({ descriptor }) => descriptor.mediaType === MEDIA.ociConfig);
  assert.equal(config?.descriptor.digest, parsed.manifest.config.digest);
  assert.deepEqual((json(config!.bytes)['rootfs'] as { diff_ids: string[] }).diff_ids, [
    digestOf(first.legacy.payload),
  ]);

  const two = await signatureManifest(
    (await signArtifact({ ...sign, key: bob })).legacy,
    bob.publicKey,
    one.bytes,
  );
  assert.equal((json(two.bytes)['layers'] as unknown[]).length, 2);
  assert.deepEqual((json(two.bytes)['layers'] as unknown[])[0], parsed.manifest.layers[0]);
  const again = await signatureManifest((await signArtifact(sign)).legacy, alice.publicKey, two.bytes);
  assert.deepEqual([again.changed, again.bytes, again.descriptor], [false, two.bytes, two.descriptor]);
});

test('what is not a .sig manifest is not written over', async () => {
  const { sign, key } = await signedExtension();
  const { legacy } = await signArtifact(sign);
  for (const bytes of [
    Buffer.from('{'),
    sign.manifest.bytes,
    Buffer.from('{"schemaVersion":2,"manifests":[]}'),
  ]) {
    await assert.rejects(signatureManifest(legacy, key.publicKey, bytes), (error) =>
      isProvError(error, 'TRUST_SIGNATURE_MANIFEST_INVALID'),
    );
  }
});
