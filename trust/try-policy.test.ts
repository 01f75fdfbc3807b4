import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newKey } from './fixtures/signed-extension.js';
import { lintPolicy } from './lint-policy.js';
import { parseTrustPolicy } from './parse-trust-policy.js';
import { readPolicyCases, tryPolicy } from './try-policy.js';

const [alice, bob, old] = [newKey(), newKey(), newKey()];
const pem = (key: typeof alice) => JSON.stringify(key.publicKey.pem);
const POLICY = `apiVersion: prov.dev/trust/v1
version: 1
keys:
  alice: {pem: ${pem(alice)}}
  bob: {pem: ${pem(bob)}, validUntil: 2030-01-01}
  old: {pem: ${pem(old)}, status: retired, trustSignedBefore: 2027-01-01}
principals: {alice: {keys: [alice, old]}, bob: {keys: [bob]}}
authorities: {both: {threshold: 2, of: [alice, bob]}}
rules:
  - {id: ext, match: {repository: "reg.example/ext/**"}, require: [{signature: {by: both}}]}
  - {id: trial, match: {repository: "reg.example/trial/*"}, require: [{signature: {by: alice}}], mode: warn, reason: moving, until: 2031-01-01}
deny: [{name: ext/aws, versions: "<2.0.0", reason: leak}]
`;
const policy = await parseTrustPolicy(POLICY, 'trust-policy.yaml');

test('a policy answers cases as it would answer real signatures', async () => {
  const cases = readPolicyCases(
    `cases:
  - {name: both, artifact: "reg.example/ext/redis:1.0.0", signedBy: [alice, bob], at: 2029-01-01, expect: accepted}
  - {name: one, artifact: "reg.example/ext/redis:1.0.0", signedBy: [alice], at: 2029-01-01, expect: threshold}
  - {name: same person, artifact: "reg.example/ext/redis:1.0.0", signedBy: [alice, old], at: 2029-01-01, expect: threshold}
  - {name: expired, artifact: "reg.example/ext/redis:1.0.0", signedBy: [bob], at: 2030-01-02, expect: key-expired}
  - {name: retired, artifact: "reg.example/ext/redis:1.0.0", signedBy: [old], expect: key-retired}
  - {name: nobody, artifact: "reg.example/ext/redis:1.0.0", expect: unsigned}
  - {name: elsewhere, artifact: "reg.example/other/redis:1.0.0", signedBy: [alice, bob], expect: no-rule}
  - {name: denied, artifact: "reg.example/ext/aws:1.9.0", signedBy: [alice, bob], expect: denied}
  - {name: re-tagged, artifact: "reg.example/ext/redis:1.1.0", signedAs: "reg.example/ext/redis:1.0.0", signedBy: [alice], expect: signed-version-mismatch}
  - {name: nameless, artifact: "reg.example/ext/redis:1.0.0", bound: false, signedBy: [alice], expect: binding-missing}
  - {name: trial, artifact: "reg.example/trial/redis:1.0.0", at: 2030-06-01, expect: warned}
  - {name: trial over, artifact: "reg.example/trial/redis:1.0.0", at: 2031-01-01, expect: unsigned}
`,
    'cases.yaml',
  );
  const wrong = [];
  for (const each of cases) {
    const { passed, got } = await tryPolicy(policy, each);
    if (!passed) wrong.push(`${each.name}: ${got}`);
  }
  assert.deepEqual(wrong, []);
});

test('cases say when signatures were witnessed and who signed before', async () => {
  const witnessed = await parseTrustPolicy(
    POLICY.replace(
      /rules:[\s\S]*/,
      `rules:
  - {id: logged, match: {repository: "reg.example/logged/*"}, require: [{signature: {by: alice}}, {log: {min: 1}}]}
  - {id: timed, match: {repository: "reg.example/timed/*"}, require: [{signature: {by: alice}}, {timestamp: {min: 2}}]}
  - {id: fresh, match: {repository: "reg.example/fresh/*"}, require: [{signature: {by: alice, maxAge: 30d}}]}
  - {id: kept, match: {repository: "reg.example/kept/*"}, require: [{signature: {by: alice}}], signerContinuity: enforce}
deny: [{key: bob, compromisedAfter: 2026-05-01, reason: stolen}]
`,
    )
      .replace(
        'alice: {keys: [alice, old]}, bob: {keys: [bob]}',
        'alice: {keys: [alice, old, bob]}, carol: {keys: [carol]}',
      )
      .replace('principals:', `  carol: {pem: ${pem(newKey())}}\nprincipals:`)
      .replace(/authorities:.*\n/, ''),
    'trust-policy.yaml',
  );
  const cases = readPolicyCases(
    `cases:
  - {name: logged, artifact: "reg.example/logged/aws:1.0.0", signedBy: [alice], logged: [2026-01-01], expect: accepted}
  - {name: not logged, artifact: "reg.example/logged/aws:1.0.0", signedBy: [alice], timestamps: [2026-01-01], expect: log-missing}
  - {name: two times, artifact: "reg.example/timed/aws:1.0.0", signedBy: [alice], timestamps: [2026-01-01, 2026-01-02], expect: accepted}
  - {name: one time, artifact: "reg.example/timed/aws:1.0.0", signedBy: [alice], timestamps: [2026-01-01], expect: timestamp-missing}
  - {name: young, artifact: "reg.example/fresh/aws:1.0.0", signedBy: [alice], timestamps: [2026-01-01], at: 2026-01-20, expect: accepted}
  - {name: old, artifact: "reg.example/fresh/aws:1.0.0", signedBy: [alice], timestamps: [2026-01-01], at: 2026-02-20, expect: signature-too-old}
  - {name: no time, artifact: "reg.example/fresh/aws:1.0.0", signedBy: [alice], at: 2026-01-20, expect: time-missing}
  - {name: retired in time, artifact: "reg.example/kept/aws:1.0.0", signedBy: [old], timestamps: [2026-12-31], expect: accepted}
  - {name: retired too late, artifact: "reg.example/kept/aws:1.0.0", signedBy: [old], timestamps: [2027-01-01], expect: key-retired}
  - {name: before the theft, artifact: "reg.example/kept/aws:1.0.0", signedBy: [bob], timestamps: [2026-04-30], at: 2026-06-01, expect: accepted}
  - {name: after the theft, artifact: "reg.example/kept/aws:1.0.0", signedBy: [bob], timestamps: [2026-05-01], at: 2026-06-01, expect: key-revoked}
  - {name: at an unknown time, artifact: "reg.example/kept/aws:1.0.0", signedBy: [bob], at: 2026-06-01, expect: key-revoked}
  - {name: same signer, artifact: "reg.example/kept/aws:1.0.0", signedBy: [alice], previousSigner: alice, expect: accepted}
  - {name: another signer, artifact: "reg.example/kept/aws:1.0.0", signedBy: [alice], previousSigner: carol, expect: signer-changed}
`,
    'cases.yaml',
  );
  const wrong = [];
  for (const each of cases) {
    const { passed, got } = await tryPolicy(witnessed, each);
    if (!passed) wrong.push(`${each.name}: ${got}`);
  }
  assert.deepEqual(wrong, []);
});

test('cases that cannot be right are errors with their place', async () => {
  const one = (rest: string) => `cases:\n  - {name: x, artifact: "reg.example/ext/redis:1.0.0", ${rest}}\n`;
  assert.throws(() => readPolicyCases(one('expect: fine'), 'c'), {
    code: 'TRUST_POLICY_INVALID',
    message: /c:2/,
  });
  assert.throws(() => readPolicyCases(one('expect: unsigned, signed: []'), 'c'), {
    code: 'SCHEMAS_KEY_UNKNOWN',
  });
  const [unknown] = readPolicyCases(one('expect: unsigned, signedBy: [carol]'), 'c');
  await assert.rejects(tryPolicy(policy, unknown!), { code: 'TRUST_KEY_INVALID', message: /carol/ });
});

test('lint finds what can no longer be met, and says nothing of a policy in order', async () => {
  const codes = (now: string) =>
    lintPolicy(policy, Date.parse(now)).map(({ severity, code }) => `${severity} ${code}`);
  assert.deepEqual(codes('2026-01-01'), ['warning rule-not-enforced', 'warning key-retired']);
  assert.deepEqual(codes('2031-06-01'), [
    'warning rule-ended',
    'error rule-unsatisfiable',
    'error key-expired',
    'warning key-retired',
  ]);
  const plain = `apiVersion: prov.dev/trust/v1\nversion: 1\nkeys: {a: {pem: ${pem(alice)}}}\n`;
  const rule =
    'principals: {a: {keys: [a]}}\nrules: [{match: {repository: "**"}, require: [{signature: {by: a}}]}]\n';
  assert.deepEqual(lintPolicy(await parseTrustPolicy(plain + rule, 'p')), []);
  assert.deepEqual(
    lintPolicy(await parseTrustPolicy(plain, 'p')).map(({ code }) => code),
    ['trusts-nobody', 'key-unused'],
  );
  const demanding = rule.replace(
    '[{signature: {by: a}}]',
    '[{signature: {by: a, maxAge: 9d}}, {log: {}}, {timestamp: {}}]',
  );
  assert.deepEqual(
    lintPolicy(await parseTrustPolicy(plain + demanding, 'p')).map(({ code, text }) => [
      code,
      /for (log|timestamps|an age)/.exec(text)?.[1],
    ]),
    [
      ['rule-unsatisfiable', 'log'],
      ['rule-unsatisfiable', 'timestamps'],
      ['rule-unsatisfiable', 'an age'],
    ],
  );
  const shadowed = rule.replace(
    'rules: [',
    'rules: [{id: all, match: {repository: "**", version: ">=0.0.0-0"}, require: [{signature: {by: a}}]}, ',
  );
  assert.deepEqual(
    lintPolicy(await parseTrustPolicy(plain + shadowed, 'p')).map(({ code, text }) => `${code}: ${text}`),
    ['rule-unreachable: rule "rule-2" is never asked: "all" decides'],
  );
});
