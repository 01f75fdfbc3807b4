import { createPrivateKey, generateKeyPairSync, sign as rawSign, verify as rawVerify } from 'node:crypto';
import { canonicalJson, digestOf } from '#base';
import { MEDIA } from '#schemas';
import { loadPrivateKey, policyForKeys, signArtifact, verifyArtifact } from '#trust';
import { type Row, valueAtMost } from '../row.js';
import type { Site } from '../site.js';

const VERIFY_GOAL_MS = 0.3;
const BATCH = 200;
const EMPTY_ROOT = {
  mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  tlogs: [],
  ctlogs: [],
  certificateAuthorities: [],
  timestampAuthorities: [],
};

/** Signatures in process, with a P-256 key. */
export async function trustRows(site: Site): Promise<Row[]> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const key = await loadPrivateKey(pem);
  const { manifest, config } = extensionBytes();
  const signing = {
    manifest,
    repository: 'bench/redis',
    version: '7.2.0',
    kind: 'taskserv' as const,
    key,
    dockerReference: 'localhost:5000/bench/redis:7.2.0',
  };
  const { bundle } = await signArtifact(signing);
  const input = {
    request: { repository: 'bench/redis', version: '7.2.0', kind: 'taskserv' as const },
    manifest,
    config,
    bundles: [bundle.bytes],
    policy: policyForKeys([key.publicKey]),
  };
  const library = await sigstoreVerifier(key.publicKey.object);
  const repeat = site.quick ? 2 : 4;
  const payload = Buffer.from(bundle.bytes);
  return [
    {
      id: 'trust.verify',
      title: 'verify one keyed bundle, in process',
      unit: 'ms',
      better: 'lower',
      repeat,
      goal: valueAtMost(VERIFY_GOAL_MS, 'ms'),
      note: 'ours also checks digests, name, version, kind and policy',
      candidate: {
        name: 'verifyArtifact',
        measure: () =>
          perCall(async () => {
            if (!(await verifyArtifact(input)).ok) throw new Error('a good signature was refused');
          }),
      },
      peer: { name: '@sigstore/verify', measure: () => perCall(() => library(bundle.bytes)) },
    },
    {
      id: 'trust.verify-floor',
      title: 'verify one keyed bundle, against bare crypto.verify',
      unit: 'ms',
      better: 'lower',
      repeat,
      candidate: { name: 'verifyArtifact', measure: () => perCall(() => verifyArtifact(input)) },
      peer: floorOf(payload, pem, 'verify'),
    },
    {
      id: 'trust.sign',
      title: 'sign one artifact both ways, against bare crypto.sign',
      unit: 'ms',
      better: 'lower',
      repeat,
      note: 'ours makes two signatures and verifies each before it returns them',
      candidate: { name: 'signArtifact', measure: () => perCall(() => signArtifact(signing)) },
      peer: floorOf(payload, pem, 'sign'),
    },
  ];
}

async function perCall(action: () => unknown): Promise<{ value: number }> {
  const started = performance.now();
  for (let i = 0; i < BATCH; i++) await action();
  return { value: (performance.now() - started) / BATCH };
}

/** What the same bytes cost with nothing around the mathematics. */
function floorOf(payload: Buffer, pem: string, what: 'sign' | 'verify') {
  const key = createPrivateKey(pem);
  const signature = rawSign('sha256', payload, key);
  const action =
    what === 'sign'
      ? () => rawSign('sha256', payload, key)
      : () => rawVerify('sha256', payload, key, signature);
  return { name: `crypto.${what}`, measure: () => perCall(action) };
}

async function sigstoreVerifier(publicKey: ReturnType<typeof createPrivateKey>) {
  const { bundleFromJSON } = await import('@sigstore/bundle');
  const { toSignedEntity, toTrustMaterial, Verifier } = await import('@sigstore/verify');
  const material = toTrustMaterial(EMPTY_ROOT, () => ({ publicKey, validFor: () => true }));
  const verifier = new Verifier(material, { tlogThreshold: 0, timestampThreshold: 0, ctlogThreshold: 0 });
  return (bytes: Uint8Array) =>
    verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(Buffer.from(bytes).toString()))));
}

function extensionBytes() {
  const config = Buffer.from(
    canonicalJson({
      schema: 1,
      name: 'redis',
      type: 'taskserv',
      version: '7.2.0',
      description: 'in-memory store',
    }),
  );
  const layer = { mediaType: MEDIA.ociLayerTarGzip, digest: digestOf('layer'), size: 5 };
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA.ociManifest,
      artifactType: MEDIA.extension,
      config: { mediaType: MEDIA.extensionConfig, digest: digestOf(config), size: config.byteLength },
      layers: [layer],
    }),
  );
  const descriptor = { mediaType: MEDIA.ociManifest, digest: digestOf(bytes), size: bytes.byteLength };
  return { manifest: { descriptor, bytes }, config };
}
