import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { digestOf } from '#base';
import { MEDIA, PREDICATE_SIGNATURE } from '#schemas';
import { IN_TOTO_PAYLOAD, preAuthEncoding } from './dsse-encoding.js';
import { type Example, extensionBytes, newKey, signedExtension } from './fixtures/signed-extension.js';
import { policyForKeys } from './policy-for-keys.js';
import type { Signer } from './private-key.js';
import type { ReasonCode } from './reason.js';
import { bundleBytes, signArtifact } from './sign-artifact.js';
import { STATEMENT_TYPE } from './statement.js';
import { type VerifyInput, verifyArtifact } from './verify-artifact.js';

type Json = Record<string, unknown>;
type Subject = { name?: unknown; digest: Json; annotations?: unknown };

/** Verified with the bundle alone; the unchanged twin must pass, or the attack proves nothing. */
async function attack(
  expected: ReasonCode,
  change: (example: Example) => Promise<Partial<VerifyInput>> | Partial<VerifyInput>,
): Promise<void> {
  const example = await signedExtension();
  const twin = await verifyArtifact({ ...example.input, legacy: [] });
  assert.equal(twin.ok, true, 'the twin without the attack must pass');
  const verdict = await verifyArtifact({ ...example.input, legacy: [], ...(await change(example)) });
  assert.deepEqual(
    [verdict.ok, verdict.verified, verdict.reason],
    [false, false, expected],
    JSON.stringify(verdict.reasons),
  );
  assert.deepEqual([verdict.signers, verdict.bundleDigests, verdict.legacyDigests], [[], [], []]);
}

const text = (example: Example): string => Buffer.from(example.input.bundles[0]!).toString();
const only = (bundle: string | Uint8Array): Partial<VerifyInput> => ({ bundles: [Buffer.from(bundle)] });

/** A bundle around any statement, well signed by the trusted key: what a stolen or careless signer could make. */
async function signed(key: Signer, statement: unknown, payloadType = IN_TOTO_PAYLOAD): Promise<Buffer> {
  const bytes =
    typeof statement === 'string' ? Buffer.from(statement) : Buffer.from(JSON.stringify(statement));
  const bundle = bundleBytes(
    key.publicKey.id,
    bytes,
    await key.sign(preAuthEncoding(payloadType, bytes)),
  ).toString();
  return Buffer.from(bundle.replace(IN_TOTO_PAYLOAD, payloadType));
}

function statement(
  example: Example,
  change: { top?: Json; subject?: Json; subjects?: (subject: Subject) => unknown[] } = {},
): Json {
  const subject: Subject = {
    name: 'acme/redis',
    digest: { sha256: example.sign.manifest.descriptor.digest.slice(7) },
    annotations: { 'dev.prov.name': 'redis', 'dev.prov.version': '7.2.0', 'dev.prov.kind': 'taskserv' },
    ...change.subject,
  };
  return {
    _type: STATEMENT_TYPE,
    subject: change.subjects?.(subject) ?? [subject],
    predicateType: PREDICATE_SIGNATURE,
    predicate: {},
    ...change.top,
  };
}

async function reStated(
  example: Example,
  change: Parameters<typeof statement>[1],
): Promise<Partial<VerifyInput>> {
  return only(await signed(example.key, statement(example, change)));
}

/** The same content under other names, as a re-tag or a copy into another repository would show it. */
async function signedAs(
  example: Example,
  change: { repository?: string; version?: string },
): Promise<Uint8Array> {
  const { repository = 'acme/redis', version = '7.2.0' } = change;
  return (
    await signArtifact({
      ...example.sign,
      repository,
      version,
      dockerReference: `localhost:5000/${repository}:${version}`,
    })
  ).bundle.bytes;
}

test('the hand-made statement without a change passes', async () => {
  const example = await signedExtension();
  assert.equal(
    (await verifyArtifact({ ...example.input, ...(await reStated(example, {})), legacy: [] })).ok,
    true,
  );
});

// A: transport
test('A6 manifest bytes that do not have their digest', () =>
  attack('manifest-digest', ({ input }) => ({
    manifest: { ...input.manifest, bytes: Buffer.concat([input.manifest.bytes, Buffer.from(' ')]) },
  })));
test('A7 a config blob of another manifest', () =>
  attack('config-digest', () => ({ config: extensionBytes({ version: '9.9.9' }).config })));
test('A7 no config blob at all', () => attack('config-digest', () => ({ config: undefined })));
test('A10 a manifest that is an index at once', () =>
  attack('manifest-malformed', (example) =>
    withManifest(example, (raw) => raw.replace('{', '{"manifests":[],')),
  ));
test('A11 duplicate keys in the manifest', () =>
  attack('manifest-malformed', (example) =>
    withManifest(example, (raw) => raw.replace('{', '{"schemaVersion":2,')),
  ));
test('A12 a sha512 label over a sha256 value', () =>
  attack('subject-digest-form', (example) =>
    reStated(example, { subject: { digest: { sha512: 'a'.repeat(64) } } }),
  ));
test('A12 an upper-case digest', () =>
  attack('subject-digest-form', (example) =>
    reStated(example, {
      subject: { digest: { sha256: example.sign.manifest.descriptor.digest.slice(7).toUpperCase() } },
    }),
  ));
test('A12 md5 beside sha256', () =>
  attack('subject-digest-form', (example) =>
    reStated(example, {
      subject: { digest: { sha256: example.sign.manifest.descriptor.digest.slice(7), md5: '0' } },
    }),
  ));
test('A12 an empty digest', () =>
  attack('subject-digest-form', (example) => reStated(example, { subject: { digest: { sha256: '' } } })));
test('A12 a truncated digest', () =>
  attack('subject-digest-form', (example) =>
    reStated(example, {
      subject: { digest: { sha256: example.sign.manifest.descriptor.digest.slice(7, 40) } },
    }),
  ));

// B: signature
test('B19 no signature', () => attack('unsigned', () => ({ bundles: [] })));
test('B20 a legacy signature without a name beside a stripped bundle', () =>
  attack('binding-missing', async ({ key, sign }) => ({
    bundles: [],
    legacy: [await bareLegacy(key, sign.manifest.descriptor.digest)],
  })));
test('B21 a valid bundle for other content', () =>
  attack('subject-digest', async ({ key }) =>
    only((await signedExtension({ key, version: '7.2.1' })).input.bundles[0]!),
  ));
test('B22 right content, another namespace', () =>
  attack('signed-namespace-mismatch', async (example) =>
    only(await signedAs(example, { repository: 'other/redis' })),
  ));
test('B22 right content, another name', () =>
  attack('signed-name-mismatch', async (example) =>
    only(await signedAs(example, { repository: 'acme/valkey' })),
  ));
test('B22 right content, re-tagged as another version', () =>
  attack('signed-version-mismatch', async (example) => only(await signedAs(example, { version: '7.2.1' }))));
test('B22 a re-tag: version 7.2.0 served when 7.3.0 was asked for', () =>
  attack('version-mismatch', ({ input }) => ({ request: { ...input.request, version: '7.3.0' } })));
test('B22 copied into another repository', () =>
  attack('signed-namespace-mismatch', ({ input }) => ({
    request: { ...input.request, repository: 'evil/redis' },
  })));
test('B22 offered under another name', () =>
  attack('name-mismatch', ({ input }) => ({ request: { ...input.request, repository: 'acme/valkey' } })));
test('B22 offered as another kind', () =>
  attack('kind-mismatch', ({ input }) => ({ request: { ...input.request, kind: 'provider' } })));
test('B22 another kind in the statement', () =>
  attack('signed-kind-mismatch', (example) =>
    reStated(example, {
      subject: {
        annotations: { 'dev.prov.name': 'redis', 'dev.prov.version': '7.2.0', 'dev.prov.kind': 'provider' },
      },
    }),
  ));
test('B22 name annotation and subject name disagree', () =>
  attack('signed-name-mismatch', (example) =>
    reStated(example, {
      subject: {
        annotations: { 'dev.prov.name': 'valkey', 'dev.prov.version': '7.2.0', 'dev.prov.kind': 'taskserv' },
      },
    }),
  ));
test('B22 a name without a version', () =>
  attack('binding-incomplete', (example) =>
    reStated(example, { subject: { annotations: { 'dev.prov.name': 'redis' } } }),
  ));
test('B22 pairs without a subject name', () =>
  attack('binding-incomplete', (example) => reStated(example, { subject: { name: undefined } })));
test('B22 a statement by plain cosign, which names nothing', () =>
  attack('binding-missing', (example) =>
    reStated(example, { subject: { name: undefined, annotations: {} } }),
  ));
for (const predicateType of [
  'https://slsa.dev/provenance/v1',
  'https://spdx.dev/Document',
  'https://cyclonedx.org/bom',
  'https://sigstore.dev/cosign/sign/v2',
  '',
]) {
  test(`B24 a "${predicateType}" attestation by the trusted key offered as a signature`, () =>
    attack('predicate-type', (example) => reStated(example, { top: { predicateType } })));
}
test('B25 payloadType swapped after signing', () =>
  attack('payload-type', (example) =>
    only(text(example).replace(IN_TOTO_PAYLOAD, 'application/vnd.in-toto+yaml')),
  ));
test('B25 payloadType of something else, well signed', () =>
  attack('payload-type', async (example) =>
    only(await signed(example.key, statement(example), 'text/plain')),
  ));
test('B25 the statement type of an older scheme', () =>
  attack('statement-type', (example) =>
    reStated(example, { top: { _type: 'https://in-toto.io/Statement/v0.1' } }),
  ));
test('B25 no statement at all', () =>
  attack('statement-malformed', async ({ key }) => only(await signed(key, { hello: 1 }))));
test('B25 an unknown member in the statement', () =>
  attack('statement-malformed', (example) => reStated(example, { top: { extra: 1 } })));
test('B26 two signatures', () =>
  attack('bundle-malformed', (example) =>
    only(text(example).replace('"signatures":[', '"signatures":[{"sig":"AAAA"},')),
  ));
test('B26 no signature in the envelope', () =>
  attack('bundle-malformed', (example) =>
    only(text(example).replace(/"signatures":\[.*\]/, '"signatures":[]')),
  ));
test('B26 a keyid', () =>
  attack('bundle-malformed', (example) => only(text(example).replace('{"sig":', '{"keyid":"x","sig":'))));
test('B26 two subjects', () =>
  attack('subject-count', (example) => reStated(example, { subjects: (subject) => [subject, subject] })));
test('B26 no subject', () => attack('subject-count', (example) => reStated(example, { subjects: () => [] })));
test('B27 the hint of a trusted key over the signature of another', () =>
  attack('signature-invalid', async (example) => {
    const other = newKey();
    const forged = Buffer.from(await signed(other, statement(example))).toString();
    return only(forged.replace(other.publicKey.id, example.key.publicKey.id));
  }));
test('B28 an unknown key', () =>
  attack('unknown-key', async (example) => only(await signed(newKey(), statement(example)))));
test('B28 a known signature under an unknown hint', () =>
  attack('unknown-key', (example) =>
    only(text(example).replace(example.key.publicKey.id, newKey().publicKey.id)),
  ));
test('B28 an empty hint', () =>
  attack('unknown-key', (example) => only(text(example).replace(example.key.publicKey.id, ''))));
for (const [what, bytes] of [
  ['zero r and s', Buffer.from('3006020100020100', 'hex')],
  ['an empty DER sequence', Buffer.from('3000', 'hex')],
  ['over-long integers', Buffer.concat([Buffer.from('3081c8', 'hex'), Buffer.alloc(200, 2)])],
  ['64 zero bytes', Buffer.alloc(64)],
] as const) {
  test(`B31 a signature of ${what}`, async () => {
    for (const algorithm of ['ecdsa-p256', 'ed25519'] as const) {
      const example = await signedExtension({ key: newKey(algorithm) });
      const forged = text(example).replace(/"sig":"[^"]*"/, `"sig":"${bytes.toString('base64')}"`);
      assert.equal(
        (await verifyArtifact({ ...example.input, ...only(forged), legacy: [] })).reason,
        'signature-invalid',
      );
    }
  });
}
test('B31 trailing bytes after an ECDSA signature', async () => {
  const example = await signedExtension({ key: newKey('ecdsa-p256') });
  const forged = text(example).replace(
    /"sig":"([^"]*)"/,
    (_, sig: string) =>
      `"sig":"${Buffer.concat([Buffer.from(sig, 'base64'), Buffer.from([0])]).toString('base64')}"`,
  );
  assert.equal(
    (await verifyArtifact({ ...example.input, ...only(forged), legacy: [] })).reason,
    'signature-invalid',
  );
});
test('B32 Ed25519ph is not taken for a statement of ours', async () => {
  const { ed25519, ed25519ph } = await import('@noble/curves/ed25519');
  const { createPrivateKey } = await import('node:crypto');
  const { signerOf } = await import('./private-key.js');
  const seed = createHash('sha256').update('test only').digest();
  const key = signerOf(
    createPrivateKey({
      key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
      format: 'der',
      type: 'pkcs8',
    }),
  );
  const example = await signedExtension({ key });
  const bytes = Buffer.from(JSON.stringify(statement(example)));
  const data = preAuthEncoding(IN_TOTO_PAYLOAD, bytes);
  const verify = async (sig: Uint8Array) =>
    (
      await verifyArtifact({
        ...example.input,
        ...only(bundleBytes(key.publicKey.id, bytes, sig)),
        legacy: [],
      })
    ).reason;
  assert.equal(await verify(ed25519.sign(data, seed)), 'accepted');
  assert.equal(await verify(ed25519ph.sign(data, seed)), 'signature-invalid');
});
test('B32 a SHA-384 signature by a P-256 key', async () => {
  const { sign, generateKeyPairSync } = await import('node:crypto');
  const { signerOf } = await import('./private-key.js');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const key = { ...signerOf(privateKey), sign: async (data: Uint8Array) => sign('sha384', data, privateKey) };
  const example = await signedExtension({ key: signerOf(privateKey) });
  assert.equal(
    (await verifyArtifact({ ...example.input, ...only(await signed(key, statement(example))), legacy: [] }))
      .reason,
    'signature-invalid',
  );
});
test('B33 a certificate is refused as such', () =>
  attack('keyless-unsupported', (example) =>
    only(text(example).replace(/"publicKey":\{[^}]*\}/, '"certificate":{"rawBytes":"MIIB"}')),
  ));
test('B33 a certificate beside a trusted key', () =>
  attack('bundle-malformed', (example) =>
    only(text(example).replace('"publicKey"', '"certificate":{"rawBytes":"MIIB"},"publicKey"')),
  ));

// C: log and time
test('C41 too many log entries', () =>
  attack('bundle-malformed', (example) =>
    only(
      text(example).replace(
        '"timestampVerificationData"',
        `"tlogEntries":[${'{},'.repeat(40)}{}],"timestampVerificationData"`,
      ),
    ),
  ));

// D: size and parser
test('D49 an oversized bundle', () =>
  attack('bundle-malformed', (example) => only(`${text(example)}${' '.repeat(1024 * 1024)}`)));
test('D50 deep nesting', () =>
  attack('bundle-malformed', (example) => only(text(example).replace('{', `{"x":${'['.repeat(100_000)}`))));
test('D50 duplicate members', () =>
  attack('bundle-malformed', (example) =>
    only(text(example).replace('{', `{"mediaType":"${MEDIA.sigstoreBundle}",`)),
  ));
test('D50 duplicate members by escape', () =>
  attack('bundle-malformed', (example) =>
    only(text(example).replace('{', `{"media\\u0054ype":"${MEDIA.sigstoreBundle}",`)),
  ));
test('D50 duplicate members in the statement', () =>
  attack('statement-malformed', async (example) =>
    only(await signed(example.key, JSON.stringify(statement(example)).replace('{', `{"predicateType":"x",`))),
  ));
test('D50 invalid UTF-8', () =>
  attack('bundle-malformed', (example) =>
    only(Buffer.concat([Buffer.from(text(example)), Buffer.from([0xff])])),
  ));
test('D50 a byte order mark', () => attack('bundle-malformed', (example) => only(`\ufeff${text(example)}`)));
test('D50 a lone surrogate', () =>
  attack('bundle-malformed', (example) => only(text(example).replace('"hint":"', '"hint":"\\ud800'))));
test('D50 a NUL', () => attack('bundle-malformed', (example) => only(`${text(example)}\0`)));
test('D50 base64 with a space', () =>
  attack('bundle-malformed', (example) => only(text(example).replace('"payload":"', '"payload":" '))));
test('D50 URL-safe base64', () =>
  attack('bundle-malformed', (example) => only(text(example).replace('"payload":"', '"payload":"-_-_'))));
test('D50 an unknown media type', () =>
  attack('bundle-media-type', (example) => only(text(example).replace('v0.3', 'v9.9'))));
test('D50 a message signature', () =>
  attack('bundle-content', (example) =>
    only(text(example).replace(/"dsseEnvelope":.*$/, '"messageSignature":{"signature":"AAAA"}}')),
  ));
test('D52 null where an object belongs', () =>
  attack('bundle-malformed', (example) =>
    only(text(example).replace(/"signatures":\[.*\]/, '"signatures":[null]')),
  ));
test('D53 __proto__ in annotations', () =>
  attack('statement-malformed', async (example) =>
    only(
      await signed(
        example.key,
        JSON.stringify(statement(example)).replace('"annotations":{', '"annotations":{"__proto__":"x",'),
      ),
    ),
  ));
test('D53 __proto__ in the bundle', () =>
  attack('bundle-malformed', (example) =>
    only(text(example).replace('{', '{"__proto__":{"dsseEnvelope":{}},')),
  ));

// The older .sig signatures, with the same binding
const legacyOnly = (payload: Uint8Array, signature: Uint8Array): Partial<VerifyInput> => ({
  bundles: [],
  legacy: [{ payload, signature: Buffer.from(signature).toString('base64') }],
});

async function bareLegacy(key: Signer, digest: string): Promise<{ payload: Uint8Array; signature: string }> {
  const payload = Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': 'localhost:5000/acme/redis' },
        image: { 'docker-manifest-digest': digest },
        type: 'cosign container image signature',
      },
      optional: null,
    }),
  );
  return { payload, signature: Buffer.from(await key.sign(payload)).toString('base64') };
}

async function legacyChanged(
  example: Example,
  change: (payload: string) => string,
): Promise<Partial<VerifyInput>> {
  const payload = Buffer.from(change(Buffer.from(example.input.legacy![0]!.payload).toString()));
  return legacyOnly(payload, await example.key.sign(payload));
}

test('L a .sig signature for other content', () =>
  attack('subject-digest', (example) =>
    legacyChanged(example, (payload) =>
      payload.replace(example.sign.manifest.descriptor.digest, digestOf('x')),
    ),
  ));
test('L a .sig signature for another repository', () =>
  attack('signed-namespace-mismatch', (example) =>
    legacyChanged(example, (payload) => payload.replace('/acme/', '/other/')),
  ));
test('L a .sig signature for another tag', () =>
  attack('binding-incomplete', (example) =>
    legacyChanged(example, (payload) => payload.replace('redis:7.2.0', 'redis:7.2.1')),
  ));
test('L a .sig signature for another version', () =>
  attack('signed-version-mismatch', (example) =>
    legacyChanged(example, (payload) => payload.replaceAll('7.2.0', '7.2.1')),
  ));
test('L a .sig signature of another type', () =>
  attack('legacy-type', (example) =>
    legacyChanged(example, (payload) => payload.replace('cosign container', 'atomic container')),
  ));
test('L a .sig payload changed after signing', () =>
  attack('unknown-key', ({ input }) => ({
    bundles: [],
    legacy: [{ ...input.legacy![0]!, payload: Buffer.concat([input.legacy![0]!.payload, Buffer.from(' ')]) }],
  })));
test('L a .sig signature by an unknown key', () =>
  attack('unknown-key', async () => ({ bundles: [], legacy: (await signedExtension()).input.legacy! })));
test('L a .sig signature in loose base64', () =>
  attack('legacy-malformed', ({ input }) => ({
    bundles: [],
    legacy: [{ ...input.legacy![0]!, signature: `${input.legacy![0]!.signature}\n` }],
  })));
test('L an upper-case digest in a .sig payload', () =>
  attack('subject-digest-form', (example) =>
    legacyChanged(example, (payload) =>
      payload.replace(/sha256:[0-9a-f]{64}/, (digest) => digest.toUpperCase().replace('SHA', 'sha')),
    ),
  ));

test('bind: digest accepts what names nothing, and still refuses what names something else', async () => {
  const example = await signedExtension();
  const policy = policyForKeys([example.key.publicKey], { bind: 'digest' });
  const bare = await reStated(example, { subject: { name: undefined, annotations: {} } });
  assert.equal((await verifyArtifact({ ...example.input, ...bare, legacy: [], policy })).ok, true);
  const legacy = [await bareLegacy(example.key, example.sign.manifest.descriptor.digest)];
  assert.equal((await verifyArtifact({ ...example.input, bundles: [], legacy, policy })).ok, true);
  const other = only(await signedAs(example, { version: '7.2.1' }));
  assert.equal(
    (await verifyArtifact({ ...example.input, ...other, legacy: [], policy })).reason,
    'signed-version-mismatch',
  );
});

function withManifest({ input }: Example, change: (raw: string) => string): Partial<VerifyInput> {
  const bytes = Buffer.from(change(Buffer.from(input.manifest.bytes).toString()));
  return {
    manifest: {
      bytes,
      descriptor: { ...input.manifest.descriptor, digest: digestOf(bytes), size: bytes.byteLength },
    },
  };
}
