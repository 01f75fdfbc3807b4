import { createPrivateKey, generateKeyPairSync, sign as rawSign, verify as rawVerify } from 'node:crypto';
import { canonicalJson, digestOf } from '#base';
import { MEDIA } from '#schemas';
import { loadPrivateKey, policyForKeys, signArtifact, verifyArtifact } from '#trust';
import { writeExtension } from '../../test/support/extensions.js';
import { junkReferrer, putJunk } from '../../test/support/junk-referrers.js';
import { findProgram } from '../../test/support/programs.js';
import { cliPath } from '../../test/support/project.js';
import { type Row, valueAtMost } from '../row.js';
import type { Site } from '../site.js';
import { timeProgram } from '../time-program.js';

const VERIFY_GOAL_MS = 0.3;
const JUNK = 300;
const JUNK_GOAL_MS = 500;
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
    junkRow(site),
  ];
}

/** A good signature beside what somebody else attached, on a registry without the referrers API. */
function junkRow(site: Site): Row {
  const cosign = findProgram('cosign3');
  const needs = cosign === undefined || findProgram('docker-registry') === undefined;
  const repository = 'bench/junk/web';
  const options = () => ({ cwd: site.path(), env: site.env });
  const reference = async () => `${(await site.dockerRegistry()).host}/${repository}:1.0.0`;
  return {
    id: 'trust.junk',
    title: `verify one artifact with ${JUNK} junk referrers, docker-registry`,
    unit: 'ms',
    better: 'lower',
    goal: valueAtMost(JUNK_GOAL_MS, 'ms'),
    skip: needs ? 'cosign 3 and docker-registry are needed: node scripts/interop-tools.mjs' : undefined,
    candidate: {
      name: 'prov ext verify',
      measure: async () =>
        timeProgram(
          process.execPath,
          [cliPath, 'ext', 'verify', await reference(), '--key', 'junk.pub'],
          options(),
        ),
    },
    peer: {
      name: 'cosign verify',
      measure: async () =>
        timeProgram(
          cosign!,
          [
            ...['verify', '--insecure-ignore-tlog', '--allow-http-registry'],
            ...['--key', 'junk.pub', await reference()],
          ],
          options(),
        ),
    },
    async prepare() {
      const { host } = await site.dockerRegistry();
      const dir = writeExtension(site.folder('junk'), { name: 'web' });
      const run = (...words: string[]) => timeProgram(process.execPath, [cliPath, ...words], options());
      run('key', 'generate', '--output', 'junk');
      const target = ['--registry', host, '--namespace', 'bench/junk'];
      run('ext', 'push', dir, ...target, '--sign', '--key', 'junk.key', '--signature-form', 'bundle');
      const answer = await fetch(`http://${host}/v2/${repository}/manifests/1.0.0`, {
        headers: { accept: MEDIA.ociManifest },
      });
      const bytes = Buffer.from(await answer.arrayBuffer());
      const subject = { mediaType: MEDIA.ociManifest, digest: digestOf(bytes), size: bytes.byteLength };
      const junk = Array.from({ length: JUNK }, (_, nth) => junkReferrer(subject, nth));
      await putJunk(host, repository, { subject, junk });
    },
  };
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
