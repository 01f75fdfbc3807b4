import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configValue, loadInfra } from './index.js';
import { PROVISIONING, sampleWorkspace } from './testing/sample-workspace.js';

const USER = `[security]
plain_http = ["a.example", "b.example"]
environment_allow = ["HOME", "REGION"]
realm_pins = { "r.example" = "auth.example" }
trust_default = "warn"
`;

const WEAKER: readonly (readonly [name: string, yaml: string, line: number])[] = [
  ['TLS verification off', 'tls_verify: false', 4],
  ['one more host without TLS', 'plain_http: [a.example, c.example]', 4],
  ['one more variable', 'environment_allow: [HOME, AWS_SECRET_ACCESS_KEY]', 4],
  ['another realm', 'realm_pins: { r.example: evil.example }', 4],
  ['a credential helper', 'credential_helpers: { a.example: evil }', 4],
  ['the form of signatures', 'signature_forms: { r.example: bundle }', 4],
  ['an external signer', 'external_signers: { s: [evil] }', 4],
  ['certificate authorities', 'ca_files: { a.example: ca.pem }', 4],
  ['a weaker trust default', 'trust_default: allow', 4],
];

for (const [name, yaml, line] of WEAKER) {
  test(`a workspace cannot weaken its user: ${name}`, async (t) => {
    const sample = sampleWorkspace(t, {
      '~/config.toml': USER,
      'config/provisioning.yaml': `${PROVISIONING}security:\n  ${yaml}\n`,
    });
    await assert.rejects(sample.open(), (error: { code: string; message: string; exitCode: number }) => {
      assert.equal(error.code, 'WORKSPACE_SECURITY_WEAKENED');
      assert.ok(error.message.includes(`provisioning.yaml:${line}:3`), error.message);
      assert.equal(error.exitCode, 6);
      return true;
    });
  });
}

test('a workspace may tighten, and an infra may not loosen what the workspace tightened', async (t) => {
  const sample = sampleWorkspace(t, {
    '~/config.toml': USER,
    'config/provisioning.yaml': `${PROVISIONING}security:\n  tls_verify: true\n  plain_http: [a.example]\n  environment_allow: []\n  realm_pins: { other.example: other.example }\n  trust_default: deny\n`,
    'infra/main/settings.yaml': 'schema: 1\nprovider: local\nservers: [{ name: one }]\n',
    'infra/main/config.toml': '[security]\nplain_http = ["a.example", "b.example"]\n',
  });
  const workspace = await sample.open();
  assert.deepEqual(configValue(workspace.config, 'security.realm_pins')?.value, {
    'r.example': 'auth.example',
    'other.example': 'other.example',
  });
  assert.equal(configValue(workspace.config, 'security.trust_default')?.layer, 'workspace');
  await assert.rejects(loadInfra(workspace, 'main'), { code: 'WORKSPACE_SECURITY_WEAKENED' });
});

test('variables and flags may loosen; a mode never weakens the trust default', async (t) => {
  const sample = sampleWorkspace(t, {
    '~/config.toml': 'mode = "enterprise"\n',
    'config/provisioning.yaml': `${PROVISIONING}mode: solo\n`,
  });
  assert.equal(configValue((await sample.open()).config, 'security.trust_default')?.value, 'deny');
  const flags = { 'security.trust_default': 'allow', 'security.plain_http': '[x.example]' };
  const { config } = await sample.open({ flags });
  assert.equal(configValue(config, 'security.trust_default')?.value, 'allow');
});

test('plain http to another machine needs the user', async (t) => {
  const text = `${PROVISIONING}registries: [{ id: a, url: "http://a.example" }]\n`;
  const closed = sampleWorkspace(t, { 'config/provisioning.yaml': text });
  await assert.rejects(closed.open(), { code: 'WORKSPACE_SECURITY_WEAKENED' });
  const open = sampleWorkspace(t, { 'config/provisioning.yaml': text, '~/config.toml': USER });
  assert.equal((await open.open()).registries[0]?.url, 'http://a.example');
});
