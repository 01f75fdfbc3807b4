import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { digestOf, ProvError } from '#base';
import { readBundle } from './bundle-document.js';
import { type Example, newKey, signedExtension } from './fixtures/signed-extension.js';
import { parseTrustPolicy } from './parse-trust-policy.js';
import { loadPrivateKey } from './private-key.js';
import { loadPublicKey } from './public-key.js';
import { readLegacySignature } from './simple-signing.js';
import { parseStrictJson } from './strict-json.js';
import { verifyArtifact } from './verify-artifact.js';

/** fast-check prints the seed of a failure; raise PROV_FUZZ_RUNS for a long run. */
const RUNS = Number(process.env['PROV_FUZZ_RUNS'] ?? 150);

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Buffer.from(bytes);
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}

async function accepts({ input }: Example, bundle: Uint8Array): Promise<boolean> {
  return (await verifyArtifact({ ...input, bundles: [bundle], legacy: [] })).verified;
}

test('no single-bit flip of a bundle verifies (every bit, Ed25519)', async () => {
  const example = await signedExtension();
  const bundle = example.input.bundles[0]!;
  assert.ok(await accepts(example, bundle));
  for (let bit = 0; bit < bundle.byteLength * 8; bit += 1) {
    assert.equal(await accepts(example, flipped(bundle, bit)), false, `bit ${bit}`);
  }
});

test('no single-bit flip of a bundle verifies (sampled, P-256 and RSA)', async () => {
  for (const algorithm of ['ecdsa-p256', 'rsa'] as const) {
    const example = await signedExtension({ key: newKey(algorithm) });
    const bundle = example.input.bundles[0]!;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bundle.byteLength * 8 - 1),
        async (bit) => !(await accepts(example, flipped(bundle, bit))),
      ),
      { numRuns: RUNS },
    );
  }
});

test('no single-bit flip of a .sig signature, manifest or config verifies', async () => {
  const { input } = await signedExtension({ key: newKey('ecdsa-p256') });
  const [legacy] = input.legacy!;
  const parts = {
    payload: (bit: number) => ({
      legacy: [{ ...legacy!, payload: flipped(legacy!.payload, bit % (legacy!.payload.byteLength * 8)) }],
    }),
    signature: (bit: number) => {
      const bytes = Buffer.from(legacy!.signature);
      return {
        legacy: [
          {
            ...legacy!,
            signature: Buffer.from(flipped(bytes, bit % (bytes.byteLength * 8))).toString('latin1'),
          },
        ],
      };
    },
    manifest: (bit: number) => ({
      manifest: {
        ...input.manifest,
        bytes: flipped(input.manifest.bytes, bit % (input.manifest.bytes.byteLength * 8)),
      },
    }),
    config: (bit: number) => ({ config: flipped(input.config!, bit % (input.config!.byteLength * 8)) }),
  };
  for (const change of Object.values(parts)) {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1_000_000),
        async (bit) => !(await verifyArtifact({ ...input, bundles: [], ...change(bit) })).verified,
      ),
      { numRuns: RUNS / 3 },
    );
  }
});

const jsonText = fc.json({ maxDepth: 6 });

test('hostile bundles and legacy signatures are refused as values, never by an exception', async () => {
  const example = await signedExtension();
  const honest = Buffer.from(example.input.bundles[0]!).toString();
  const mutated = fc
    .tuple(fc.nat(honest.length), fc.nat(40), fc.oneof(fc.string({ unit: 'binary' }), jsonText))
    .map(([at, length, text]) => honest.slice(0, at) + text + honest.slice(at + length));
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 2000 }),
    jsonText.map(Buffer.from),
    mutated.map(Buffer.from),
  );
  await fc.assert(
    fc.asyncProperty(bytes, fc.string(), async (content, signature) => {
      readBundle(content);
      readLegacySignature({ payload: content, signature });
      const verdict = await verifyArtifact({
        ...example.input,
        bundles: [content],
        legacy: [{ payload: content, signature }],
      });
      return Buffer.compare(content, example.input.bundles[0]!) === 0 || !verdict.verified;
    }),
    { numRuns: RUNS },
  );
});

test('hostile manifests and configs give a verdict', async () => {
  const { input } = await signedExtension();
  await fc.assert(
    fc.asyncProperty(fc.oneof(jsonText.map(Buffer.from), fc.uint8Array()), async (bytes) => {
      const descriptor = { ...input.manifest.descriptor, digest: digestOf(bytes), size: bytes.byteLength };
      return (
        !(await verifyArtifact({ ...input, manifest: { bytes, descriptor } })).verified &&
        !(await verifyArtifact({ ...input, config: bytes })).verified
      );
    }),
    { numRuns: RUNS },
  );
});

test('strict JSON accepts only what JSON.parse accepts, with the same value', () => {
  fc.assert(
    fc.property(jsonText, (text) => {
      const strict = parseStrictJson(Buffer.from(text), { maxBytes: 1e6, maxDepth: 64 });
      if (!strict.ok) return /twice|__proto__|surrogate/.test(strict.reason);
      assert.deepEqual(strict.value, JSON.parse(text));
      return true;
    }),
    { numRuns: RUNS },
  );
});

async function onlyOurErrors(run: () => unknown): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    return error instanceof ProvError && error.code !== 'BASE_INTERNAL';
  }
}

const POLICY = `apiVersion: prov.dev/trust/v1
version: 1
keys: {a: {pem: a.pub, validUntil: 2030-01-01}}
principals: {alice: {keys: [a]}}
authorities: {team: {threshold: 1, of: [alice]}}
rules: [{match: {repository: "acme/**", kind: taskserv, version: ">=1"}, require: [{signature: {by: team}}]}]
deny: [{name: acme/x, versions: "<2", reason: y}]
mirrors: [{prefix: m.example/a, signedAs: acme}]
`;

test('a hostile policy is an error of ours or a policy', async () => {
  const { pem } = newKey().publicKey;
  const readKey = async () => pem;
  const mutated = fc
    .tuple(fc.nat(POLICY.length), fc.nat(30), fc.string({ unit: 'binary' }))
    .map(([at, length, text]) => POLICY.slice(0, at) + text + POLICY.slice(at + length));
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(mutated, fc.string(), jsonText),
      async (text) => await onlyOurErrors(async () => await parseTrustPolicy(text, 'p.yaml', { readKey })),
    ),
    { numRuns: RUNS },
  );
});

test('a hostile key file is an error of ours', async () => {
  const { pem } = newKey().publicKey;
  const mutated = fc
    .tuple(fc.nat(pem.length), fc.nat(8), fc.base64String({ maxLength: 12 }))
    .map(([at, length, text]) => pem.slice(0, at) + text + pem.slice(at + length));
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(mutated, fc.string()),
      async (text) =>
        (await onlyOurErrors(() => loadPublicKey(text))) &&
        (await onlyOurErrors(() => loadPrivateKey(text, ''))),
    ),
    { numRuns: RUNS },
  );
});
