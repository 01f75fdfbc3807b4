import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { ProvError } from '#base';
import { signedExtension } from './fixtures/signed-extension.js';
import { parseTrustPolicy } from './parse-trust-policy.js';
import { loadPrivateKey } from './private-key.js';
import { loadPublicKey } from './public-key.js';
import { verifyArtifact } from './verify-artifact.js';

/** 100,000 in all. `PROV_FUZZ_SEED` runs one again. */
const RUNS = { bundles: 70_000, policies: 15_000, keys: 15_000 } as const;
const SEED = Number(process.env['PROV_FUZZ_SEED'] ?? Date.now() % 1_000_000_000);
/** Of one input; far above what any of them takes, far below a hang. */
const MAX_CPU_MS = 2000;
const PIECES = [
  ...['{', '}', '[', ']', '"', ':', ',', '\\', '\0', '\n', '-', '.', 'e9', 'null', 'true', '{}', '[]', '""'],
  ...[
    '__proto__',
    'constructor',
    '\\ud800',
    '\\u0000',
    '\ufeff',
    '9'.repeat(400),
    '['.repeat(200),
    '&a *a',
    '<<: *a',
  ],
  ...['"mediaType":"x"', 'application/vnd.dev.sigstore.bundle.v0.3+json', 'AAAA', '====', '!!js/function x'],
];

/** Numbers below a bound that depend on the seed only (mulberry32). */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

/** One to three changes: a bit, a piece put in, a range cut out or doubled. */
function mutated(honest: Buffer, random: (below: number) => number): Buffer {
  let bytes = Buffer.from(honest);
  for (let left = 1 + random(3); left > 0; left -= 1) {
    const at = random(bytes.byteLength);
    const until = Math.min(bytes.byteLength, at + random(60));
    const [head, middle, tail] = [bytes.subarray(0, at), bytes.subarray(at, until), bytes.subarray(until)];
    switch (random(4)) {
      case 0:
        bytes[at]! ^= 1 << random(8);
        break;
      case 1:
        bytes = Buffer.concat([head, Buffer.from(PIECES[random(PIECES.length)]!), middle, tail]);
        break;
      case 2:
        bytes = Buffer.concat([head, tail]);
        break;
      default:
        bytes = Buffer.concat([head, middle, middle, tail]);
    }
    if (bytes.byteLength === 0) return Buffer.from('x');
  }
  return bytes;
}

async function many(
  count: number,
  honest: Buffer,
  judge: (bytes: Buffer) => Promise<boolean>,
): Promise<number> {
  const random = randomOf(SEED);
  let different = 0;
  for (let i = 0; i < count; i += 1) {
    const bytes = mutated(honest, random);
    if (bytes.equals(honest)) continue;
    different += 1;
    const before = process.cpuUsage();
    const right = await judge(bytes);
    const { user, system } = process.cpuUsage(before);
    const where = `seed ${SEED}, input ${i}: ${JSON.stringify(bytes.toString('latin1')).slice(0, 2000)}`;
    assert.ok(right, where);
    assert.ok((user + system) / 1000 < MAX_CPU_MS, `too slow, ${where}`);
  }
  return different;
}

async function onlyOurErrors(run: () => unknown): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    return error instanceof ProvError && error.code !== 'BASE_INTERNAL';
  }
}

test(`${RUNS.bundles} damaged bundles: none accepted, none throws`, async () => {
  const { input } = await signedExtension();
  assert.ok((await verifyArtifact({ ...input, legacy: [] })).verified);
  const honest = Buffer.from(input.bundles[0]!);
  const text = honest.toString();
  const { dsseEnvelope } = JSON.parse(text);
  const tried = await many(RUNS.bundles / 2, honest, async (bytes) => {
    const { verified } = await verifyArtifact({ ...input, bundles: [bytes], legacy: [] });
    // White space, and what nobody signs and nothing is derived from, may differ; what was signed may not.
    return !verified || isDeepStrictEqual(JSON.parse(bytes.toString()).dsseEnvelope, dsseEnvelope);
  });
  // The same inside the signed statement, so that damage passes the envelope's own reading.
  const inner = await many(RUNS.bundles / 2, Buffer.from(dsseEnvelope.payload, 'base64'), async (bytes) => {
    const bundle = Buffer.from(text.replace(dsseEnvelope.payload, bytes.toString('base64')));
    return !(await verifyArtifact({ ...input, bundles: [bundle], legacy: [] })).verified;
  });
  assert.ok(tried + inner > RUNS.bundles * 0.99);
});

test(`${RUNS.policies} damaged policies: a policy or an error of ours`, async () => {
  const { key } = await signedExtension();
  const policy = `apiVersion: prov.dev/trust/v1
version: 1
keys: {a: {pem: a.pub, validUntil: 2030-01-01}}
principals: {alice: {keys: [a]}}
authorities: {team: {threshold: 1, of: [alice]}}
rules: [{match: {repository: "acme/**", kind: taskserv, version: ">=1"}, require: [{signature: {by: team}}]}]
deny: [{name: acme/x, versions: "<2", reason: y}]
mirrors: [{prefix: m.example/a, signedAs: acme}]
`;
  const readKey = async () => key.publicKey.pem;
  await many(RUNS.policies, Buffer.from(policy), (bytes) =>
    onlyOurErrors(() => parseTrustPolicy(bytes.toString(), 'p.yaml', { readKey })),
  );
});

test(`${RUNS.keys} damaged key files: a key or an error of ours`, async () => {
  const { key } = await signedExtension();
  await many(RUNS.keys, Buffer.from(key.publicKey.pem), async (bytes) => {
    const pem = bytes.toString('latin1');
    return (
      (await onlyOurErrors(() => loadPublicKey(pem))) &&
      (await onlyOurErrors(() => loadPrivateKey(pem.replaceAll('PUBLIC', 'PRIVATE'), '')))
    );
  });
});
