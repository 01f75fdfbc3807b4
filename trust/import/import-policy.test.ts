import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Kind } from '#schemas';
import { newKey, signedExtension } from '../fixtures/signed-extension.js';
import { lintPolicy } from '../lint-policy.js';
import { parseTrustPolicy } from '../parse-trust-policy.js';
import type { Signer } from '../private-key.js';
import { parsePattern } from '../repository-pattern.js';
import { type PolicyCase, tryPolicy } from '../try-policy.js';
import { type ImportedPolicy, importPolicy } from './import-policy.js';
import { overlapOf } from './overlap.js';

const [alice, bob, carol] = [newKey(), newKey(), newKey()];
const FILES: Readonly<Record<string, Signer>> = { '/etc/pki/alice.pub': alice, './bob.pub': bob };
const readKey = async (path: string) => {
  const key = FILES[path];
  if (key === undefined) throw new Error('ENOENT');
  return key.publicKey.pem;
};
const imported = (text: string, standIns: readonly Signer[] = []) =>
  importPolicy(text, 'other', { readKey, standIns: standIns.map(({ publicKey }) => publicKey) });

/** What the imported policy says of an artifact that these keys have signed. */
async function says(
  { text }: ImportedPolicy,
  artifact: string,
  keys: readonly Signer[],
  more: Partial<PolicyCase> = {},
): Promise<string> {
  const policy = await parseTrustPolicy(text, 'imported');
  const known = new Set(policy.layers[0]!.keys.keys());
  const signedBy = keys.map(({ publicKey }) => publicKey.id).filter((id) => known.has(id));
  const each = {
    name: 'x',
    artifact,
    kind: 'taskserv' as Kind,
    signedBy,
    bound: true,
    timestamps: [],
    logged: [],
    expect: '',
    ...more,
  };
  return (await tryPolicy(policy, each)).got;
}

const effects = ({ notes }: ImportedPolicy, effect: string) =>
  notes.filter((note) => note.effect === effect).map(({ at, text }) => `${at}: ${text}`);

const KEY_DATA = Buffer.from(carol.publicKey.pem).toString('base64');
const CONTAINERS = JSON.stringify({
  default: [{ type: 'reject' }],
  transports: {
    docker: {
      'registry.acme.dev': [{ type: 'sigstoreSigned', keyPath: '/etc/pki/alice.pub' }],
      'registry.acme.dev/infra': [
        { type: 'sigstoreSigned', keyPaths: ['/etc/pki/alice.pub', './bob.pub'] },
        { type: 'sigstoreSigned', keyData: KEY_DATA },
      ],
      'registry.acme.dev/legacy': [{ type: 'signedBy', keyType: 'GPGKeys', keyPath: '/gpg' }],
      'registry.acme.dev/blocked': [{ type: 'reject' }],
      'registry.acme.dev/open': [{ type: 'insecureAcceptAnything' }],
      'registry.acme.dev/one/app:1.2.0': [{ type: 'sigstoreSigned', keyPath: './bob.pub' }],
      'registry.acme.dev/one/app:stable': [{ type: 'sigstoreSigned', keyPath: './bob.pub' }],
      '*.example.com': [{ type: 'sigstoreSigned', keyPath: './bob.pub' }],
      'mirror.corp/acme': [
        {
          type: 'sigstoreSigned',
          keyPath: './bob.pub',
          signedIdentity: {
            type: 'remapIdentity',
            prefix: 'mirror.corp/acme',
            signedPrefix: 'up.example.org/acme',
          },
        },
      ],
      'logged.dev': [{ type: 'sigstoreSigned', keyPath: './bob.pub', rekorPublicKeyPath: '/rekor.pub' }],
      'lost.dev': [{ type: 'sigstoreSigned', keyPath: '/nowhere.pub' }],
      [`registry.acme.dev/pinned/app@sha256:${'a'.repeat(64)}`]: [{ type: 'insecureAcceptAnything' }],
    },
    'docker-daemon': { '': [{ type: 'insecureAcceptAnything' }] },
  },
});

test("a policy.json of containers: most specific scope, any of a list, all of a list's entries", async () => {
  const policy = await imported(CONTAINERS);
  assert.equal(policy.format, 'containers');
  const cases: readonly [artifact: string, keys: readonly Signer[], expected: string][] = [
    ['registry.acme.dev/any/app:1.0.0', [alice], 'accepted'],
    ['registry.acme.dev/any/app:1.0.0', [bob], 'unknown-key'],
    ['registry.acme.dev/any/app:1.0.0', [], 'unsigned'],
    ['registry.acme.dev/infra/app:1.0.0', [alice], 'threshold'],
    ['registry.acme.dev/infra/app:1.0.0', [bob, carol], 'accepted'],
    ['registry.acme.dev/infra/app:1.0.0', [alice, carol], 'accepted'],
    ['registry.acme.dev/legacy/app:1.0.0', [alice], 'denied'],
    ['registry.acme.dev/blocked/app:1.0.0', [alice], 'denied'],
    ['registry.acme.dev/open/app:1.0.0', [], 'unsigned'],
    ['reg.example.com/any/app:1.0.0', [bob], 'accepted'],
    ['other.dev/any/app:1.0.0', [alice], 'no-rule'],
    ['mirror.corp/acme/app:1.0.0', [bob], 'accepted'],
    ['logged.dev/any/app:1.0.0', [bob], 'log-missing'],
    ['lost.dev/any/app:1.0.0', [bob], 'no-rule'],
  ];
  for (const [artifact, keys, expected] of cases)
    assert.equal(await says(policy, artifact, keys), expected, `${artifact}\n${policy.text}`);
  // The repository has a tag that is no version and a rule of its own, so that all of it is refused.
  assert.equal(await says(policy, 'registry.acme.dev/one/app:1.2.0', [bob]), 'denied');
  assert.equal(
    await says(policy, 'reg.example.com/any/app:1.0.0', [bob], { bound: false }),
    'binding-missing',
  );
  const refused = effects(policy, 'refused').join('\n');
  for (const what of [
    /legacy\[0\]: prov does not verify GPG/,
    /open: it accepted anything/,
    /app:stable: "stable" is no version/,
    /lost\.dev\[0\]: the key file \/nowhere\.pub/,
    /logged\.dev: .*Rekor/,
  ])
    assert.match(refused, what);
  assert.match(effects(policy, 'left-out').join('\n'), /docker-daemon/);
  assert.match(effects(policy, 'looser').join('\n'), /the host is no part.*\n?.*up\.example\.org\/acme/s);
  assert.match(policy.text, /^# Imported by prov trust import from other \(containers\)\.\n# /);
});

test('a tag that is a version, and a default with a key', async () => {
  const policy = await imported(
    JSON.stringify({
      default: [{ type: 'sigstoreSigned', keyPath: './bob.pub' }],
      transports: {
        docker: {
          'registry.acme.dev/one/app:1.2.0': [{ type: 'sigstoreSigned', keyPath: '/etc/pki/alice.pub' }],
          'registry.acme.dev/no': [{ type: 'reject' }],
        },
      },
    }),
  );
  assert.equal(await says(policy, 'registry.acme.dev/one/app:1.2.0', [alice]), 'accepted');
  assert.equal(await says(policy, 'registry.acme.dev/one/app:1.2.0', [bob]), 'unknown-key');
  assert.equal(await says(policy, 'registry.acme.dev/one/app:1.3.0', [bob]), 'accepted');
  assert.equal(await says(policy, 'registry.acme.dev/no/app:1.3.0', [bob]), 'denied');
  assert.deepEqual(effects(policy, 'refused'), []);
});

test('what would mean more here is refused: identities that map, exact references, several names', async () => {
  const one = (signedIdentity: unknown, scope = 'reg.dev/a') =>
    imported(
      JSON.stringify({
        default: [{ type: 'reject' }],
        transports: {
          docker: { [scope]: [{ type: 'sigstoreSigned', keyPath: './bob.pub', signedIdentity }] },
        },
      }),
    );
  for (const identity of [
    { type: 'exactReference', dockerReference: 'up.dev/a/app:1.0.0' },
    { type: 'remapIdentity', prefix: 'reg.dev/a/deeper', signedPrefix: 'up.dev/a' },
    { type: 'remapIdentity', prefix: 'reg.dev', signedPrefix: 'UP.dev/**' },
    { type: 'exactRepository' },
  ]) {
    const policy = await one(identity);
    assert.equal(policy.rules, 0, JSON.stringify(identity));
    assert.ok(effects(policy, 'refused').length > 0);
  }
  const mapped = await one({ type: 'exactRepository', dockerRepository: 'up.dev/x/app' }, 'reg.dev/a/app');
  assert.equal(
    await says(mapped, 'reg.dev/a/app:1.0.0', [bob], { signedAs: 'up.dev/x/app:1.0.0' }),
    'accepted',
  );
  assert.equal(await says(mapped, 'reg.dev/a/app:1.0.0', [bob]), 'signed-namespace-mismatch');
});

test('a Notation policy: certificates are refused, or the given keys stand in for them', async () => {
  const NOTATION = JSON.stringify({
    version: '1.0',
    trustPolicies: [
      {
        name: 'wabbit-networks-images',
        registryScopes: ['registry.acme-rockets.io/software/net-monitor'],
        signatureVerification: { level: 'permissive', override: { revocation: 'skip' } },
        trustStores: ['ca:acme-rockets'],
        trustedIdentities: ['x509.subject: C=US, ST=WA, O=wabbit-network.io'],
      },
      {
        name: 'unsigned-image',
        registryScopes: ['registry.acme-rockets.io/software/unsigned/productA'],
        signatureVerification: { level: 'skip' },
      },
      {
        name: 'global',
        registryScopes: ['*'],
        signatureVerification: { level: 'strict' },
        trustStores: ['ca:x'],
        trustedIdentities: ['*'],
      },
    ],
  });
  const bare = await imported(NOTATION);
  assert.deepEqual([bare.format, bare.rules], ['notation', 0]);
  assert.equal(await says(bare, 'registry.acme-rockets.io/software/net-monitor:1.0.0', [alice]), 'no-rule');
  const policy = await imported(NOTATION, [alice]);
  assert.equal(
    await says(policy, 'registry.acme-rockets.io/software/net-monitor:1.0.0', [alice]),
    'accepted',
  );
  assert.equal(await says(policy, 'registry.acme-rockets.io/software/net-monitor:1.0.0', [bob]), 'unsigned');
  assert.equal(await says(policy, 'elsewhere.io/any/app:1.0.0', [alice]), 'accepted');
  const stricter = effects(policy, 'stricter').join('\n');
  assert.match(stricter, /level was permissive/);
  assert.match(stricter, /revocation/);
  assert.match(effects(policy, 'refused').join('\n'), /unsigned-image.*verified nothing.*|productA/s);
});

const indent = (text: string, by: number) => text.trim().replace(/^/gm, ' '.repeat(by));
const CLUSTER = `apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {name: all-images}
spec:
  images: [{glob: "**"}]
  authorities:
    - name: base
      key:
        data: |
${indent(alice.publicKey.pem, 10)}
---
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {name: infra}
spec:
  mode: warn
  images: [{glob: "reg.dev/infra/**"}, {glob: "reg.dev/img-*"}]
  authorities:
    - key:
        hashAlgorithm: sha256
        data: |
${indent(bob.publicKey.pem, 10)}
    - keyless: {url: "https://fulcio.example", identities: [{issuer: x, subject: y}]}
    - static: {action: pass}
---
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {name: logged}
spec:
  images: [{glob: "reg.dev/logged/*"}]
  authorities:
    - key:
        data: |
${indent(bob.publicKey.pem, 10)}
      ctlog: {url: "https://rekor.example"}
---
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {name: scripted}
spec:
  images: [{glob: "reg.dev/scripted/*"}]
  authorities:
    - key:
        data: |
${indent(bob.publicKey.pem, 10)}
  policy: {type: cue, data: "x: 1"}
`;

test('a ClusterImagePolicy: any authority is enough, and every policy that matches must be met', async () => {
  const policy = await imported(CLUSTER);
  assert.equal(policy.format, 'cluster-image-policy');
  assert.equal(await says(policy, 'reg.dev/any/app:1.0.0', [alice]), 'accepted');
  assert.equal(await says(policy, 'reg.dev/infra/app:1.0.0', [bob]), 'threshold', 'both policies match');
  assert.equal(await says(policy, 'reg.dev/infra/app:1.0.0', [alice, bob]), 'accepted');
  assert.equal(await says(policy, 'reg.dev/infra/app:1.0.0', []), 'unsigned');
  assert.equal(await says(policy, 'reg.dev/logged/app:1.0.0', [alice, bob]), 'log-missing');
  assert.equal(await says(policy, 'reg.dev/scripted/app:1.0.0', [alice, bob]), 'denied');
  const refused = effects(policy, 'refused').join('\n');
  for (const what of [
    /img-\*/,
    /certificates/,
    /passed without a signature/,
    /CUE or Rego/,
    /log or a timestamp/,
  ])
    assert.match(refused, what);
  assert.match(effects(policy, 'stricter').join('\n'), /only warned/);
});

test('names without a host stay those of the home registry, and a star goes as far as there', async () => {
  const cluster = (glob: string) =>
    imported(CLUSTER.split('\n---\n')[0]!.replace('glob: "**"', `glob: "${glob}"`));
  const patterns = async (glob: string) =>
    (await parseTrustPolicy((await cluster(glob)).text, 'p')).layers[0]!.rules.map(
      ({ pattern }) => pattern.text,
    );
  for (const [glob, pattern] of [
    ['**', '**'],
    ['nginx', 'index.docker.io/library/nginx'],
    ['acme/*', 'index.docker.io/acme/*'],
    ['reg.dev:5000/acme/*:*', 'reg.dev:5000/acme/*'],
    ['reg.dev/acme/*@sha256:*', 'reg.dev/acme/*'],
    ['*.dev/acme/**', '*.dev/acme/**'],
    ['reg.dev/acme/app:v1*', undefined],
    ['*/acme', undefined],
    ['reg*.dev/acme', undefined],
  ] as const) {
    assert.deepEqual(await patterns(glob), pattern === undefined ? [] : [pattern], glob);
    if (pattern === undefined) assert.ok(effects(await cluster(glob), 'refused').length > 0, glob);
  }
});

test('a Kyverno policy: so many of each list must have signed', async () => {
  const kyverno = (attestors: string, more = '') => `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: check-images}
spec:
  validationFailureAction: Audit
  webhookTimeoutSeconds: 30
  rules:
    - name: signed
      match: {any: [{resources: {kinds: [Pod]}}]}
      verifyImages:
        - imageReferences: ["reg.dev/apps/*"]
          ${more}
          attestors:
${attestors}
`;
  const keysOf = (signers: readonly Signer[]) =>
    `keys: {rekor: {ignoreTlog: true}, publicKeys: ${JSON.stringify(signers.map(({ publicKey }) => publicKey.pem).join('\n'))}}`;
  const two = await imported(
    kyverno(`            - {count: 2, entries: [{${keysOf([alice, bob, carol])}}]}`),
  );
  assert.equal(two.format, 'kyverno');
  assert.equal(await says(two, 'reg.dev/apps/app:1.0.0', [alice, carol]), 'accepted');
  assert.equal(await says(two, 'reg.dev/apps/app:1.0.0', [alice]), 'threshold');
  assert.equal(await says(two, 'reg.dev/apps/deep/app:1.0.0', [alice]), 'threshold', 'a star goes on');
  const all = await imported(kyverno(`            - {entries: [{${keysOf([alice])}}, {${keysOf([bob])}}]}`));
  assert.equal(await says(all, 'reg.dev/apps/app:1.0.0', [alice]), 'threshold');
  assert.equal(await says(all, 'reg.dev/apps/app:1.0.0', [alice, bob]), 'accepted');
  assert.match(effects(all, 'stricter').join('\n'), /only audited/);
  const part = await imported(
    kyverno(`            - {entries: [{${keysOf([alice])}}, {keyless: {issuer: x, subject: y}}]}`),
  );
  assert.equal(
    await says(part, 'reg.dev/apps/app:1.0.0', [alice]),
    'no-rule',
    'one of the two cannot be verified',
  );
  const attested = await imported(
    kyverno(`            - {entries: [{${keysOf([alice])}}]}`, 'attestations: [{type: x}]'),
  );
  assert.equal(attested.rules, 0);
  const twice = await imported(kyverno(`            - {count: 2, entries: [{${keysOf([alice, alice])}}]}`));
  assert.equal(twice.rules, 0, 'one key is one vote');
});

test('files that are none of these, or say more than is known, are errors with their place', async () => {
  await assert.rejects(imported('a: 1'), { code: 'TRUST_IMPORT_UNKNOWN' });
  await assert.rejects(imported(''), { code: 'TRUST_IMPORT_UNKNOWN' });
  await assert.rejects(imported(CONTAINERS.replace('"keyPath"', '"keyPaht"')), {
    code: /^SCHEMAS_/,
    message: /other:1/,
  });
  await assert.rejects(imported('{"default": [{"type": "reject"}], "default": []}'), {
    code: 'SCHEMAS_KEY_DUPLICATE',
  });
  await assert.rejects(imported(CLUSTER.replace('hashAlgorithm', 'hashAlgo')), {
    code: 'SCHEMAS_KEY_UNKNOWN',
  });
});

test('text of the other policy stays in its comment, and a good import has nothing to lint', async () => {
  const nasty = JSON.stringify({
    default: [{ type: 'reject' }],
    transports: {
      docker: {
        'reg.dev/a': [{ type: 'sigstoreSigned', keyPath: './bob.pub' }],
        'x\nrules: [{match: {repository: "**"}}]\n': [{ type: 'insecureAcceptAnything' }],
      },
    },
  });
  const policy = await imported(nasty);
  assert.equal(policy.rules, 1);
  assert.deepEqual(lintPolicy(await parseTrustPolicy(policy.text, 'p')), []);
  const example = await signedExtension();
  assert.ok(example.input.bundles.length > 0);
});

test('patterns cover, are apart, or it is unclear, and unclear is the safe answer', () => {
  const relation = (a: string, b: string) => overlapOf(parsePattern(a), parsePattern(b));
  for (const [a, b, expected] of [
    ['**', 'r.dev/a', 'covers'],
    ['r.dev/**', 'r.dev/a/b', 'covers'],
    ['r.dev/a/**', 'r.dev/a', 'covers'],
    ['*.dev/**', 'r.dev/a/**', 'covers'],
    ['r.dev/a/*', 'r.dev/a/b', 'covers'],
    ['r.dev/a/*', 'r.dev/b/*', 'apart'],
    ['r.dev/a', 'r.dev/a/b', 'apart'],
    ['r.dev/a', 's.dev/a', 'apart'],
    ['r.dev/a', 'r.dev/**', 'unclear'],
    ['r.dev/*/x', 'r.dev/a/*', 'unclear'],
    ['a/b', 'r.dev/a/b', 'unclear'],
    ['r.dev/**/x', 'r.dev/a/x', 'unclear'],
  ] as const)
    assert.equal(relation(a, b), expected, `${a} ${b}`);
});
