import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isProvError, type ProvError } from '#base';
import { MODES } from '#schemas';
import { combinePolicies } from './combine-policies.js';
import { defaultPolicy, effectivePolicy } from './default-policy.js';
import { type Example, newKey, signedExtension } from './fixtures/signed-extension.js';
import { parseTrustPolicy, readTrustPolicy } from './parse-trust-policy.js';
import type { Signer } from './private-key.js';
import { signArtifact } from './sign-artifact.js';
import type { TrustPolicy } from './trust-policy.js';
import type { Verdict } from './verdict.js';
import { type VerifyInput, verifyArtifact } from './verify-artifact.js';

const [alice, bob, ci] = [newKey(), newKey(), newKey()];
const HEAD = `
apiVersion: prov.dev/trust/v1
version: 1
`;
const KEYS = `
keys:
  alice-2026: {pem: alice.pub}
  bob-2026: {pem: bob.pub}
  ci-2026: {pem: ci.pub}
principals:
  alice: {keys: [alice-2026]}
  bob: {keys: [bob-2026]}
  ci: {keys: [ci-2026]}
authorities:
  release: {threshold: 2, of: [alice, bob, ci]}
`;
const files: Readonly<Record<string, Signer>> = { 'alice.pub': alice, 'bob.pub': bob, 'ci.pub': ci };
const readKey = async (path: string) => files[path]!.publicKey.pem;

async function policy(text: string): Promise<TrustPolicy> {
  return await parseTrustPolicy(HEAD + text, 'trust-policy.yaml', { readKey });
}
const rule = (by: string, more = '', repository = 'localhost:5000/acme/**') =>
  `rules: [{match: {repository: "${repository}"}, require: [{signature: {by: ${by}}}]${more}}]\n`;

/** The example signed by several keys. */
async function signedBy(
  keys: readonly Signer[],
  options: Parameters<typeof signedExtension>[0] = {},
): Promise<Example> {
  const example = await signedExtension({ ...options, key: keys[0] ?? newKey() });
  const bundles = await Promise.all(
    keys.map(async (key) => (await signArtifact({ ...example.sign, key })).bundle.bytes),
  );
  return { ...example, input: { ...example.input, bundles, legacy: [] } };
}

async function judged(
  text: string,
  keys: readonly Signer[],
  change: Partial<VerifyInput> = {},
): Promise<Verdict> {
  const { input } = await signedBy(keys);
  return await verifyArtifact({ ...input, policy: await policy(text), ...change });
}

test('a rule asks for one signature of whom it names', async () => {
  const text = KEYS + rule('alice');
  const verdict = await judged(text, [alice]);
  assert.deepEqual(
    [verdict.ok, verdict.reason, verdict.rule, verdict.signer?.identity],
    [true, 'accepted', 'rule-1', 'alice'],
  );
  assert.equal((await judged(text, [bob])).reason, 'unknown-key');
  assert.equal((await judged(text, [])).reason, 'unsigned');
});

test('a threshold counts people, not keys and not signatures', async () => {
  const text = `${KEYS.replace('alice: {keys: [alice-2026]}', 'alice: {keys: [alice-2026, bob-2026]}').replace('  bob: {keys: [bob-2026]}\n', '').replace('[alice, bob, ci]', '[alice, ci]')}${rule('release')}`;
  assert.equal((await judged(text, [alice, bob])).reason, 'threshold');
  assert.equal((await judged(text, [alice, alice])).reason, 'threshold');
  assert.equal((await judged(text, [bob, ci])).ok, true);
  assert.equal((await judged(KEYS + rule('release'), [alice, bob])).ok, true);
});

test('authorities nest', async () => {
  const text = `${KEYS}  signers: {threshold: 2, of: [people, ci]}\n  people: {threshold: 1, of: [alice, bob]}\n${rule('signers')}`;
  assert.equal((await judged(text, [alice, bob])).reason, 'threshold');
  assert.equal((await judged(text, [bob, ci])).ok, true);
});

test('every requirement of a rule must hold', async () => {
  const text = `${KEYS}rules: [{match: {repository: "**"}, require: [{signature: {by: alice}}, {signature: {by: ci}}]}]`;
  assert.equal((await judged(text, [alice])).reason, 'threshold');
  assert.equal((await judged(text, [alice, ci])).ok, true);
});

test('the most specific rule decides, and what no rule names is denied', async () => {
  const text = `${KEYS}rules:
  - {id: all, match: {repository: "**"}, require: [{signature: {by: bob}}]}
  - {id: acme, match: {repository: "acme/**"}, require: [{signature: {by: ci}}]}
  - {id: host, match: {repository: "localhost:5000/**"}, require: [{signature: {by: ci}}]}
  - {id: redis, match: {repository: "localhost:5000/acme/redis"}, require: [{signature: {by: ci}}]}
  - {id: seven, match: {repository: "localhost:5000/acme/redis", version: ">=7"}, require: [{signature: {by: alice}}]}
  - {id: providers, match: {repository: "localhost:5000/acme/redis", kind: provider}, require: [{signature: {by: bob}}]}
`;
  assert.equal((await judged(text, [alice])).rule, 'seven');
  assert.equal((await judged(text, [alice], { request: { repository: 'acme/redis' } })).rule, 'acme');
  assert.equal((await judged(KEYS + rule('alice', '', 'other/**'), [alice])).reason, 'no-rule');
  assert.equal((await judged('', [alice])).reason, 'no-rule');
});

test('a pre-release does not slip past a rule or a denial by version', async () => {
  const example = await signedBy([alice], { version: '7.2.0-rc.1' });
  const rules = `${KEYS}rules:
  - {id: new, match: {repository: "**", version: ">=7.0.0"}, require: [{signature: {by: bob}}]}
  - {id: any, match: {repository: "**"}, require: [{signature: {by: alice}}]}
`;
  assert.equal((await verifyArtifact({ ...example.input, policy: await policy(rules) })).rule, 'new');
  const denied = `${KEYS}${rule('alice')}deny: [{name: acme/redis, versions: "<7.2.1", reason: leak}]`;
  assert.equal((await verifyArtifact({ ...example.input, policy: await policy(denied) })).reason, 'denied');
});

test('a denial wins over every rule and mode', async () => {
  const { input } = await signedBy([alice]);
  const layer =
    input.manifest.bytes.toString().length > 0
      ? (JSON.parse(Buffer.from(input.manifest.bytes).toString()) as { layers: { digest: string }[] })
          .layers[0]!.digest
      : '';
  const lax = rule('alice', ', mode: audit, reason: trial, until: 2999-01-01');
  for (const deny of [
    `digest: "${input.manifest.descriptor.digest}"`,
    `digest: "${layer}"`,
    'name: acme/redis',
    'name: "localhost:5000/acme/*"',
    'name: acme/redis, versions: "^7.1"',
  ]) {
    const verdict = await judged(`${KEYS}${lax}deny: [{${deny}, reason: CVE-1}]`, [alice]);
    assert.deepEqual([verdict.ok, verdict.reason], [false, 'denied'], deny);
    assert.match(verdict.explanation, /CVE-1/);
  }
  assert.equal(
    (await judged(`${KEYS}${rule('alice')}deny: [{name: acme/redis, versions: ">=8", reason: x}]`, [alice]))
      .ok,
    true,
  );
  assert.equal(
    (await judged(`${KEYS}${rule('alice')}deny: [{name: acme/redis, reason: x, until: 2020-01-01}]`, [alice]))
      .ok,
    true,
  );
});

test('the state of a key decides at the time of verification', async () => {
  const now = Date.parse('2026-06-01');
  const cases = {
    'status: revoked': 'key-revoked',
    'status: retired, trustSignedBefore: 2027-01-01': 'key-retired',
    'validFrom: 2026-07-01': 'key-not-yet-valid',
    'validUntil: 2026-05-31T12:00:00Z': 'key-expired',
  };
  for (const [state, expected] of Object.entries(cases)) {
    const text = KEYS.replace('pem: alice.pub', `pem: alice.pub, ${state}`) + rule('alice');
    assert.equal((await judged(text, [alice], { now })).reason, expected);
  }
  const valid =
    KEYS.replace('pem: alice.pub', 'pem: alice.pub, validFrom: 2026-01-01, validUntil: 2027-01-01') +
    rule('alice');
  assert.equal((await judged(valid, [alice], { now })).ok, true);
  assert.equal(
    (await judged(`expires: 2026-01-01\n${KEYS}${rule('alice')}`, [alice], { now })).reason,
    'policy-expired',
  );
});

test('a key that one layer revokes or denies is revoked for all', async () => {
  const { input } = await signedBy([alice]);
  const base = await policy(KEYS + rule('alice'));
  const byName = await policy(
    `default: inherit\n${KEYS}deny: [{key: alice-2026, compromisedAfter: 2025-01-01T00:00:00Z, reason: stolen}]`,
  );
  const byId = await policy(`default: inherit\ndeny: [{key: "${alice.publicKey.id}", reason: stolen}]`);
  for (const inner of [byName, byId]) {
    assert.equal(
      (await verifyArtifact({ ...input, policy: combinePolicies([base, inner]) })).reason,
      'key-revoked',
    );
  }
});

test('a person on the deny list has no key left, and a denial holds between its dates', async () => {
  const both = KEYS.replace('alice: {keys: [alice-2026]}', 'alice: {keys: [alice-2026, bob-2026]}').replace(
    '  bob: {keys: [bob-2026]}\n',
    '',
  );
  const people = both.replace('[alice, bob, ci]', '[alice, ci]') + rule('alice');
  for (const key of [alice, bob]) {
    assert.equal((await judged(people, [key])).ok, true);
    const verdict = await judged(`${people}deny: [{principal: alice, reason: left}]`, [key]);
    assert.deepEqual([verdict.reason, /left/.test(verdict.explanation)], ['key-revoked', true]);
  }
  const window = `${KEYS}${rule('alice')}deny: [{name: acme/redis, reason: x, from: 2026-02-01, until: 2026-03-01}]`;
  const at = async (day: string) => (await judged(window, [alice], { now: Date.parse(day) })).reason;
  assert.deepEqual(
    [await at('2026-01-31'), await at('2026-02-01'), await at('2026-03-01')],
    ['accepted', 'denied', 'accepted'],
  );
});

test('what needs a trusted time or a log refuses signatures that have none', async () => {
  const asked = (demand: string) => KEYS + rule('alice').replace('[{signature', `[${demand}, {signature`);
  assert.equal((await judged(asked('{log: {}}'), [alice])).reason, 'log-missing');
  assert.equal((await judged(asked('{timestamp: {min: 2}}'), [alice])).reason, 'timestamp-missing');
  const aged = KEYS + rule('alice').replace('by: alice', 'by: alice, maxAge: 400d');
  const verdict = await judged(aged, [alice]);
  assert.deepEqual([verdict.ok, verdict.reason], [false, 'time-missing']);
  assert.match(verdict.explanation, /9600 hours/);
  const warned = await judged(aged.replace('}}]}]', '}}], mode: warn, reason: soon, until: 2999-01-01}]'), [
    alice,
  ]);
  assert.deepEqual([warned.ok, warned.verified], [true, false]);
});

test('a policy lowers how much is looked at, and the lowest limit of any layer holds', async () => {
  const { input } = await signedBy([bob, alice]);
  const limited = await policy(`limits: {signatures: 1}\n${KEYS}${rule('alice')}`);
  assert.equal((await verifyArtifact({ ...input, policy: limited })).reason, 'unknown-key');
  const short = await policy(`limits: {bundleBytes: 1024}\ndefault: inherit`);
  const padded = Buffer.concat([input.bundles[1]!, Buffer.alloc(1024, ' ')]);
  const open = await policy(KEYS + rule('alice'));
  assert.equal((await verifyArtifact({ ...input, bundles: [padded], policy: open })).ok, true);
  const both = await verifyArtifact({ ...input, bundles: [padded], policy: combinePolicies([open, short]) });
  assert.deepEqual([both.reason, /1024 bytes/.test(both.explanation)], ['bundle-malformed', true]);
});

test('a rule can ask that one of the signers of the locked version signs again', async () => {
  const asked = (what: string) =>
    KEYS +
    rule('any', `, signerContinuity: ${what}`).replace(
      'rules:',
      '  any: {threshold: 1, of: [alice, bob]}\nrules:',
    );
  const previous = { version: '7.1.0', identity: 'alice' };
  const same = await judged(asked('enforce'), [alice], { previous });
  assert.deepEqual([same.ok, same.warnings], [true, []]);
  assert.equal((await judged(asked('enforce'), [bob])).ok, true, 'nobody signed before');
  const other = await judged(asked('enforce'), [bob], { previous });
  assert.deepEqual([other.ok, other.verified, other.reason], [false, false, 'signer-changed']);
  assert.match(other.explanation, /7\.1\.0 was signed by alice, this by bob/);
  const warned = await judged(asked('warn'), [bob], { previous });
  assert.deepEqual(
    [warned.ok, warned.verified, warned.warnings.map(({ code }) => code)],
    [true, true, ['signer-changed']],
  );
  assert.equal((await judged(KEYS + rule('bob'), [bob], { previous })).warnings.length, 0);
});

test('a rule that only warns or audits lets through, says why, and ends', async () => {
  const text = KEYS + rule('alice', ', mode: warn, reason: "moving in", until: 2026-07-01');
  const before = await judged(text, [bob], { now: Date.parse('2026-06-01') });
  assert.deepEqual(
    [before.ok, before.verified, before.mode, before.reason],
    [true, false, 'warn', 'unknown-key'],
  );
  const after = await judged(text, [bob], { now: Date.parse('2026-07-01') });
  assert.deepEqual([after.ok, after.mode], [false, 'enforce']);
  const enterprise = effectivePolicy('enterprise', [await policy(text)]);
  assert.equal((await judged(text, [bob], { policy: enterprise, now: Date.parse('2026-06-01') })).ok, false);
});

test('a further layer tightens and never loosens', async () => {
  const [workspace, infra] = [await policy(KEYS + rule('alice')), await policy(KEYS + rule('bob'))];
  const lax = await policy(KEYS + rule('bob', ', mode: audit, reason: x, until: 2999-01-01'));
  const inherit = await policy('default: inherit');
  const ok = async (layers: TrustPolicy[], keys: Signer[]) =>
    (await verifyArtifact({ ...(await signedBy(keys)).input, policy: combinePolicies(layers) })).ok;
  assert.equal(await ok([workspace, infra], [alice]), false);
  assert.equal(await ok([workspace, infra], [bob]), false);
  assert.equal(await ok([workspace, infra], [alice, bob]), true);
  assert.equal(await ok([workspace, lax], [bob]), false);
  assert.equal(await ok([workspace, inherit], [alice]), true);
  assert.equal(await ok([inherit, inherit], [alice]), false);
});

test('a mirror shows content under its own name, and it is bound to the name it was signed as', async () => {
  const { input } = await signedBy([alice]);
  const text = `${KEYS}mirrors: [{prefix: "mirror.example:5000/copies", signedAs: localhost:5000/acme}]\n${rule('alice')}`;
  const request = { registry: 'mirror.example:5000', repository: 'copies/redis' };
  assert.equal((await verifyArtifact({ ...input, request, policy: await policy(text) })).ok, true);
  assert.equal(
    (
      await verifyArtifact({
        ...input,
        request: { ...request, repository: 'copiesandmore/redis' },
        policy: await policy(text),
      })
    ).reason,
    'no-rule',
  );
  assert.equal(
    (await verifyArtifact({ ...input, request, policy: await policy(KEYS + rule('alice', '', 'copies/**')) }))
      .reason,
    'signed-namespace-mismatch',
  );
});

test('without a policy file each mode does as its name says', async () => {
  const seen = await Promise.all(
    MODES.map(async (mode) => {
      const verdict = await judged('', [], { policy: defaultPolicy(mode) });
      return [mode, verdict.ok, verdict.verified, verdict.mode, verdict.reason];
    }),
  );
  assert.deepEqual(seen, [
    ['solo', true, false, 'warn', 'unsigned'],
    ['multi-user', true, false, 'audit', 'unsigned'],
    ['cicd', false, false, 'enforce', 'unsigned'],
    ['enterprise', false, false, 'enforce', 'unsigned'],
  ]);
  const withFile = effectivePolicy('solo', [await policy(KEYS + rule('alice'))]);
  assert.equal((await judged('', [], { policy: withFile })).ok, false);
  const onlyDenials = effectivePolicy('solo', [
    await policy('default: inherit\ndeny: [{name: acme/redis, reason: x}]'),
  ]);
  assert.equal((await judged('', [], { policy: onlyDenials })).reason, 'denied');
});

test('the example of the documentation loads', async () => {
  const page = await readFile(new URL('../../docs/spec/trust-policy.md', import.meta.url), 'utf8');
  const [, example] = /```yaml\n([\s\S]*?)```/.exec(page)!;
  const loaded = await parseTrustPolicy(example!, 'trust-policy.yaml', {
    readKey: async () => newKey().publicKey.pem,
  });
  assert.deepEqual(
    [loaded.layers[0]!.rules.length, loaded.layers[0]!.deny.length, loaded.layers[0]!.mirrors.length],
    [2, 4, 1],
  );
});

test('the digest of a policy follows its meaning', async () => {
  const one = await policy(KEYS + rule('alice'));
  assert.equal((await policy(`# a comment\n${KEYS}${rule('alice')}`)).digest, one.digest);
  assert.notEqual((await policy(KEYS + rule('bob'))).digest, one.digest);
});

const refusals: readonly [what: string, text: string, code: ProvError['code'], reason: RegExp][] = [
  ['an unknown key', 'keyz: {}', 'SCHEMAS_KEY_UNKNOWN', /keyz/],
  ['a key twice', `${KEYS}${rule('alice')}keys: {}`, 'SCHEMAS_KEY_DUPLICATE', /keys/],
  ['the default "accept"', 'default: accept', 'SCHEMAS_VALUE_INVALID', /default/],
  [
    'a principal with an unknown key',
    'principals: {alice: {keys: [x]}}',
    'TRUST_POLICY_INVALID',
    /no key "x"/,
  ],
  ['a principal without keys', 'principals: {alice: {}}', 'TRUST_POLICY_INVALID', /no keys/],
  [
    'one key for two people',
    KEYS.replace('keys: [bob-2026]', 'keys: [alice-2026]'),
    'TRUST_POLICY_INVALID',
    /already belongs to alice/,
  ],
  [
    'one key under two names',
    KEYS.replace('bob.pub', 'alice.pub'),
    'TRUST_POLICY_INVALID',
    /same key as "alice-2026"/,
  ],
  [
    'a threshold above the members',
    KEYS.replace('threshold: 2', 'threshold: 4'),
    'TRUST_POLICY_INVALID',
    /4 of 3/,
  ],
  ['a threshold of zero', KEYS.replace('threshold: 2', 'threshold: 0'), 'SCHEMAS_VALUE_INVALID', /threshold/],
  [
    'a member twice',
    KEYS.replace('[alice, bob, ci]', '[alice, alice, ci]'),
    'TRUST_POLICY_INVALID',
    /alice would count twice/,
  ],
  [
    'a member twice through a nested authority',
    `${KEYS}  more: {threshold: 2, of: [release, alice]}`,
    'TRUST_POLICY_INVALID',
    /alice would count twice/,
  ],
  [
    'an authority inside itself',
    `${KEYS}  more: {threshold: 1, of: [most]}\n  most: {threshold: 1, of: [more]}`,
    'TRUST_POLICY_INVALID',
    /part of itself/,
  ],
  ['an unknown member', KEYS.replace('bob, ci]', 'bob, eve]'), 'TRUST_POLICY_INVALID', /"eve"/],
  ['a rule that names nobody', KEYS + rule('eve'), 'TRUST_POLICY_INVALID', /"eve"/],
  [
    'a rule that requires nothing',
    'rules: [{match: {repository: "**"}, require: []}]',
    'SCHEMAS_VALUE_INVALID',
    /require/,
  ],
  ['a warning without reason', KEYS + rule('alice', ', mode: warn'), 'TRUST_POLICY_INVALID', /reason/],
  ['a warning without end', KEYS + rule('alice', ', mode: warn, reason: x'), 'TRUST_POLICY_INVALID', /until/],
  [
    'an enforcing rule that ends',
    KEYS + rule('alice', ', until: 2026-01-01'),
    'TRUST_POLICY_INVALID',
    /only for modes/,
  ],
  ['mode skip', KEYS + rule('alice', ', mode: skip'), 'SCHEMAS_VALUE_INVALID', /mode/],
  [
    'two rules for the same artifacts',
    `${KEYS}rules: [{match: {repository: "a/**"}, require: [{signature: {by: bob}}]}, {match: {repository: "a/**"}, require: [{signature: {by: alice}}]}]`,
    'TRUST_POLICY_INVALID',
    /same artifacts/,
  ],
  [
    'overlapping versions',
    `${KEYS}rules: [{match: {repository: "a/**", version: "<3.0.0"}, require: [{signature: {by: bob}}]}, {match: {repository: "a/**", version: ">=2.9.0"}, require: [{signature: {by: alice}}]}]`,
    'TRUST_POLICY_INVALID',
    /same artifacts/,
  ],
  ['a pattern inside a segment', KEYS + rule('alice', '', 'acme/re*'), 'TRUST_POLICY_INVALID', /re\*/],
  [
    'a pattern for a part of a host',
    KEYS + rule('alice', '', 'reg*.example.com/x'),
    'TRUST_POLICY_INVALID',
    /host/,
  ],
  ['two double stars', KEYS + rule('alice', '', '**/x/**'), 'TRUST_POLICY_INVALID', /once/],
  ['a denial of nothing', 'deny: [{reason: x}]', 'TRUST_POLICY_INVALID', /exactly one/],
  ['a denial without a reason', 'deny: [{name: a/b}]', 'SCHEMAS_VALUE_INVALID', /reason/],
  [
    'a denied digest that is none',
    'deny: [{digest: "sha256:abc", reason: x}]',
    'TRUST_POLICY_INVALID',
    /digest/,
  ],
  ['a denied key nobody knows', 'deny: [{key: nobody, reason: x}]', 'TRUST_POLICY_INVALID', /nobody/],
  [
    'a mirror with a pattern',
    'mirrors: [{prefix: "a.example/**", signedAs: b.example}]',
    'TRUST_POLICY_INVALID',
    /prefix/,
  ],
  ['a date that is none', 'expires: tomorrow', 'SCHEMAS_VALUE_INVALID', /expires/],
  [
    'two demands in one requirement',
    KEYS + rule('alice').replace('{signature', '{log: {min: 1}, signature'),
    'TRUST_POLICY_INVALID',
    /signature and log as two/,
  ],
  [
    'a log of a trust root',
    KEYS + rule('alice').replace('[{signature', '[{log: {root: corp}}, {signature'),
    'TRUST_POLICY_UNSUPPORTED',
    /log.root/,
  ],
  [
    'a log and no signature',
    `${KEYS}rules: [{match: {repository: "**"}, require: [{log: {min: 1}}]}]`,
    'TRUST_POLICY_INVALID',
    /no signature/,
  ],
  [
    'an empty requirement',
    `${KEYS}rules: [{match: {repository: "**"}, require: [{}]}]`,
    'TRUST_POLICY_INVALID',
    /requires nothing/,
  ],
  [
    'timestamps twice',
    KEYS + rule('alice').replace('[{signature', '[{timestamp: {}}, {timestamp: {min: 2}}, {signature'),
    'TRUST_POLICY_INVALID',
    /twice/,
  ],
  [
    'an attestation',
    KEYS + rule('alice').replace('[{signature: {by: alice}}]', '[{attestation: {type: x}}]'),
    'TRUST_POLICY_UNSUPPORTED',
    /attestation/,
  ],
  ['a keyless identity', 'principals: {ci: {identity: {issuer: x}}}', 'TRUST_POLICY_UNSUPPORTED', /identity/],
  [
    'an age limit that is none',
    KEYS + rule('alice').replace('by: alice', 'by: alice, maxAge: 1 year'),
    'SCHEMAS_VALUE_INVALID',
    /maxAge/,
  ],
  ['a denied person nobody knows', 'deny: [{principal: eve, reason: x}]', 'TRUST_POLICY_INVALID', /"eve"/],
  [
    'a denied authority',
    `${KEYS}deny: [{principal: release, reason: x}]`,
    'TRUST_POLICY_INVALID',
    /no principal "release"/,
  ],
  [
    'a denial that ends before it begins',
    'deny: [{name: a/b, reason: x, from: 2027-01-01, until: 2026-01-01}]',
    'TRUST_POLICY_INVALID',
    /ends before/,
  ],
  ['a limit above that of prov', 'limits: {signatures: 2000}', 'SCHEMAS_VALUE_INVALID', /signatures/],
  ['an offline age', 'limits: {maxOfflineAge: 30d}', 'TRUST_POLICY_UNSUPPORTED', /maxOfflineAge/],
  [
    'a continuity that is none',
    KEYS + rule('alice', ', signerContinuity: yes'),
    'SCHEMAS_VALUE_INVALID',
    /signerContinuity/,
  ],
  [
    'a YAML bomb',
    'x-a: &a [1,1,1,1,1,1,1,1,1]\nx-b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nx-c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nx-d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\nx-e: [*d,*d,*d,*d,*d,*d]',
    'SCHEMAS_YAML_SYNTAX',
    /alias/i,
  ],
  ['__proto__', 'keys: {__proto__: {pem: alice.pub}}', 'SCHEMAS_KEY_UNKNOWN', /__proto__/],
  ['a merge key', `${KEYS}<<: {default: inherit}`, 'SCHEMAS_KEY_UNKNOWN', /<</],
];
for (const [what, text, code, reason] of refusals) {
  test(`a policy with ${what} does not load, and says where`, async () => {
    await assert.rejects(policy(text), (error) => {
      assert.ok(isProvError(error), String(error));
      assert.equal(error.code, code, error.message);
      assert.match(`${error.message} ${JSON.stringify(error.details)}`, reason);
      assert.ok(Number(error.details['line']) > 0 && Number(error.details['column']) > 0);
      return true;
    });
  });
}

test('a policy file finds its keys beside itself', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'prov-trust-'));
  try {
    const path = join(directory, 'trust-policy.yaml');
    await writeFile(
      path,
      `${HEAD}keys: {alice: {pem: ./alice.pub}}\nprincipals: {alice: {keys: [alice]}}\n${rule('alice')}`,
    );
    await assert.rejects(readTrustPolicy(path), (error) => isProvError(error, 'BASE_FILE_MISSING'));
    await writeFile(join(directory, 'alice.pub'), alice.publicKey.pem);
    const { input } = await signedBy([alice]);
    assert.equal((await verifyArtifact({ ...input, policy: await readTrustPolicy(path) })).ok, true);
    await writeFile(join(directory, 'alice.pub'), 'not a key');
    await assert.rejects(readTrustPolicy(path), (error) => isProvError(error, 'TRUST_KEY_INVALID'));
  } finally {
    await rm(directory, { recursive: true });
  }
});
