import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MEDIA } from '#schemas';
import { newKey, signedExtension } from './fixtures/signed-extension.js';
import { KEY_ALGORITHMS } from './key-algorithm.js';
import { policyForKeys } from './policy-for-keys.js';
import { loadPublicKey } from './public-key.js';
import { referrerManifest } from './referrer-manifest.js';
import { signatureManifest } from './signature-manifest.js';
import { verifyArtifact } from './verify-artifact.js';

/** Signatures of format version 1; they must verify for ever. Deleting the file makes new ones. */
const FILE = fileURLToPath(new URL('../../trust/fixtures/golden-signatures.json', import.meta.url));

interface Golden {
  readonly publicKey: string;
  readonly manifest: string;
  readonly config: string;
  readonly bundle: string;
  readonly referrer: string;
  readonly legacyPayload: string;
  readonly legacySignature: string;
  readonly signatureManifest: string;
}

async function make(): Promise<Record<string, Golden>> {
  const made: Record<string, Golden> = {};
  for (const algorithm of KEY_ALGORITHMS) {
    const { input, key, sign } = await signedExtension({ key: newKey(algorithm) });
    const bundle = {
      bytes: input.bundles[0]!,
      mediaType: MEDIA.sigstoreBundle,
      predicateType: 'https://sigstore.dev/cosign/sign/v1',
    };
    const legacy = input.legacy![0]!;
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
    made[algorithm] = {
      publicKey: key.publicKey.pem,
      manifest: text(input.manifest.bytes),
      config: text(input.config!),
      bundle: text(bundle.bytes),
      referrer: text(referrerManifest(sign.manifest.descriptor, bundle).bytes),
      legacyPayload: text(legacy.payload),
      legacySignature: legacy.signature,
      signatureManifest: text((await signatureManifest(legacy, key.publicKey)).bytes),
    };
  }
  return made;
}

test('signatures made by the first release verify, and their manifests are written the same', async () => {
  if (!existsSync(FILE)) writeFileSync(FILE, `${JSON.stringify(await make(), null, 2)}\n`);
  const golden = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, Golden>;
  assert.deepEqual(Object.keys(golden), [...KEY_ALGORITHMS]);
  for (const vector of Object.values(golden)) {
    const key = loadPublicKey(vector.publicKey);
    const { input } = await signedExtension();
    assert.equal(Buffer.from(input.manifest.bytes).toString(), vector.manifest);
    const bundle = Buffer.from(vector.bundle);
    const legacy = { payload: Buffer.from(vector.legacyPayload), signature: vector.legacySignature };
    const changed = { ...input, config: Buffer.from(vector.config), policy: policyForKeys([key]) };
    assert.equal((await verifyArtifact({ ...changed, bundles: [bundle], legacy: [] })).reason, 'accepted');
    assert.equal((await verifyArtifact({ ...changed, bundles: [], legacy: [legacy] })).reason, 'accepted');
    const described = {
      bytes: bundle,
      mediaType: MEDIA.sigstoreBundle,
      predicateType: 'https://sigstore.dev/cosign/sign/v1',
    };
    assert.equal(
      Buffer.from(referrerManifest(input.manifest.descriptor, described).bytes).toString(),
      vector.referrer,
    );
    assert.equal(
      Buffer.from((await signatureManifest(legacy, key)).bytes).toString(),
      vector.signatureManifest,
    );
  }
});
