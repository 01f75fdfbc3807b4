import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { configValue, configValues, explainConfig, formatConfigValue, loadInfra } from './index.js';
import { PROVISIONING, sampleWorkspace, writeFiles } from './testing/sample-workspace.js';

const SETTINGS = 'schema: 1\nprovider: local\nservers: [{ name: one }]\n';

/** Each layer of the order, how to write a value into it, and where. */
const LAYERS = [
  { layer: 'system', path: '/etc/config.toml' },
  { layer: 'user', path: '~/config.toml' },
  { layer: 'workspace', path: 'config/provisioning.yaml' },
  { layer: 'environment', path: 'config/dev.toml' },
  { layer: 'infra', path: 'infra/main/config.toml' },
  { layer: 'variable', path: '' },
  { layer: 'flag', path: '' },
] as const;
const KEYS = ['alpha', 'beta', 'gamma'] as const;

test('the highest layer that sets a key wins, and says where it stands and what it replaced', async (t) => {
  const subset = fc.uniqueArray(fc.nat(LAYERS.length - 1), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(fc.tuple(subset, subset, subset), async (choices) => {
      const texts = new Map<string, string[]>();
      const env: Record<string, string> = {};
      const flags: Record<string, unknown> = {};
      KEYS.forEach((key, k) => {
        for (const index of choices[k]!) {
          const { layer, path } = LAYERS[index]!;
          if (layer === 'variable') env[`PROVISIONING_CONFIG__APP__${key.toUpperCase()}`] = layer;
          else if (layer === 'flag') flags[`config.app.${key}`] = layer;
          else
            texts.set(path, [
              ...(texts.get(path) ?? []),
              path.endsWith('.yaml') ? `    ${key}: ${layer}` : `${key} = "${layer}"`,
            ]);
        }
      });
      const files: Record<string, string> = { 'infra/main/settings.yaml': SETTINGS, 'config/dev.toml': '' };
      for (const [path, lines] of texts) {
        files[path] = path.endsWith('.yaml')
          ? `${PROVISIONING}config:\n  app:\n${lines.join('\n')}\n`
          : `[config.app]\n${lines.join('\n')}\n`;
      }
      const sample = sampleWorkspace(t, files);
      const { config } = await loadInfra(
        await sample.open({ env, flags: { ...flags, environment: 'dev' } }),
        'main',
      );
      KEYS.forEach((key, k) => {
        const order = choices[k]!.toSorted((a, b) => b - a).map((index) => LAYERS[index]!.layer);
        const found = configValue(config, `config.app.${key}`)!;
        assert.deepEqual([found.value, found.layer], [order[0], order[0]]);
        assert.deepEqual(
          found.overridden.map(({ layer }) => layer),
          order.slice(1),
        );
        for (const each of [found, ...found.overridden]) {
          if (each.line === undefined) continue;
          assert.match(
            readFileSync(each.file!, 'utf8').split('\n')[each.line - 1]!,
            new RegExp(`\\b${key}\\b.*\\b${each.layer}\\b`),
          );
        }
      });
    }),
    { numRuns: 40, seed: 20_261_121 },
  );
});

test('provider and platform files lie between provisioning.yaml and the environment', async (t) => {
  const sample = sampleWorkspace(t, {
    'config/provisioning.yaml': `${PROVISIONING}environment: dev\nproviders:\n  aws: { region: a, zone: a, tier: a }\n`,
    'config/providers/aws.toml': 'region = "b"\nzone = "b"\n',
    'config/providers/older.toml': '[provider]\nname = "older"\n',
    'config/platform/orchestrator.toml': 'port = 9090\n',
    'config/dev.toml': '[providers.aws]\nregion = "c"\n',
  });
  const { config, environment } = await sample.open();
  assert.equal(environment, 'dev');
  const lines = explainConfig(config, 'providers').map((value) =>
    formatConfigValue(value).replaceAll(`${sample.root}/`, ''),
  );
  assert.deepEqual(lines, [
    'providers.aws.region = "c" (config/dev.toml:2:1, environment)',
    'providers.aws.zone = "b" (config/providers/aws.toml:2:1, provider)',
    'providers.aws.tier = "a" (config/provisioning.yaml:5:30, workspace)',
    'providers.older.name = "older" (config/providers/older.toml:2:1, provider)',
  ]);
  assert.equal(configValue(config, 'platform.orchestrator.port')?.value, 9090);
});

test('objects merge, registries join by id, other lists are replaced', async (t) => {
  const sample = sampleWorkspace(t, {
    '~/config.toml':
      '[[registries]]\nid = "corp"\nurl = "https://corp.example"\nnamespace = "old"\n[[registries]]\nid = "mine"\nurl = "localhost:1"\n[resolution]\nplatforms = ["linux/amd64", "linux/arm64"]\n',
    'config/provisioning.yaml': `${PROVISIONING}registries: [{ id: corp, namespace: new }]\nresolution: { platforms: [darwin/arm64], strategy: lowest }\n`,
  });
  const { config, registries, resolution } = await sample.open();
  assert.deepEqual(
    registries.map(({ id, url, namespace }) => ({ id, url, namespace })),
    [
      { id: 'corp', url: 'https://corp.example', namespace: 'new' },
      { id: 'mine', url: 'http://localhost:1', namespace: 'provisioning-extensions' },
    ],
  );
  assert.deepEqual(resolution, { strategy: 'lowest', prerelease: 'if-named', platforms: ['darwin/arm64'] });
  assert.equal(configValue(config, 'registries.corp.url')?.layer, 'user');
  assert.equal(configValue(config, 'registries.corp.namespace')?.layer, 'workspace');
});

test('variables find keys whatever their spelling, and are typed by the schema', async (t) => {
  const sample = sampleWorkspace(t, {
    'config/provisioning.yaml': `${PROVISIONING}config: { my-app: { max.size: 1 } }\n`,
  });
  const { config } = await sample.open({
    env: {
      PROVISIONING_CONFIG__MY_APP__MAX_SIZE: '42',
      PROVISIONING_NETWORK__RETRIES: '7',
      PROVISIONING_SECURITY__TLS_VERIFY: 'false',
      PROVISIONING_RESOLUTION__PLATFORMS: '[linux/arm64]',
      PROVISIONING_SOMETHING: 'of another program',
      PROVISIONING_ENV: 'nowhere',
    },
  });
  assert.equal(configValue(config, 'config.my-app.max.size')?.value, 42);
  assert.equal(configValue(config, 'network.retries')?.file, 'PROVISIONING_NETWORK__RETRIES');
  assert.equal(configValue(config, 'security.tls_verify')?.value, false);
  assert.deepEqual(configValues(config)['resolution'], {
    strategy: 'latest',
    prerelease: 'if-named',
    platforms: ['linux/arm64'],
  });
});

test('a variable of the environment whose file is not there is a warning, a flag is an error', async (t) => {
  const sample = sampleWorkspace(t, { 'config/prod.toml': '' });
  const { warnings } = await sample.open({ env: { PROVISIONING_ENV: 'ci' } });
  assert.match(warnings[0]!, /environment "ci" of PROVISIONING_ENV has no file/);
  await assert.rejects(sample.open({ flags: { environment: 'prdo' } }), {
    code: 'WORKSPACE_ENVIRONMENT_NOT_FOUND',
    hint: 'Did you mean "prod"?',
  });
});

test('an opened workspace holds no variable of the environment beside the allowed ones', async (t) => {
  const sample = sampleWorkspace(t);
  const workspace = await sample.open({ env: { HOME: '/home/x', API_SECRET: 'hunter22' } });
  assert.doesNotMatch(JSON.stringify(workspace), /hunter22/);
});

const BROKEN: readonly {
  name: string;
  path: string;
  text: string;
  code: string;
  at: string;
  hint?: RegExp;
}[] = [
  {
    name: 'bad YAML',
    path: 'config/provisioning.yaml',
    text: 'schema: 1\nworkspace: { name: shop\n',
    code: 'SCHEMAS_YAML_SYNTAX',
    at: ':3:1',
  },
  {
    name: 'a key twice',
    path: 'config/provisioning.yaml',
    text: `${PROVISIONING}mode: solo\nmode: cicd\n`,
    code: 'SCHEMAS_KEY_DUPLICATE',
    at: ':4:1',
  },
  {
    name: 'an unknown key',
    path: 'config/provisioning.yaml',
    text: `${PROVISIONING}regsitries: []\n`,
    code: 'SCHEMAS_KEY_UNKNOWN',
    at: ':3:1',
    hint: /"registries"/,
  },
  {
    name: 'an unknown key below',
    path: 'config/provisioning.yaml',
    text: `${PROVISIONING}network:\n  retires: 3\n`,
    code: 'SCHEMAS_KEY_UNKNOWN',
    at: ':4:3',
    hint: /"retries"/,
  },
  {
    name: 'a wrong value',
    path: 'config/provisioning.yaml',
    text: `${PROVISIONING}mode: lonely\n`,
    code: 'SCHEMAS_VALUE_INVALID',
    at: ':3:1',
  },
  {
    name: 'no workspace name',
    path: 'config/provisioning.yaml',
    text: 'schema: 1\n',
    code: 'SCHEMAS_VALUE_INVALID',
    at: ':1:1',
  },
  {
    name: 'bad TOML',
    path: '~/config.toml',
    text: 'a = 1\nb =\n',
    code: 'WORKSPACE_TOML_SYNTAX',
    at: ':2:4',
  },
  {
    name: 'an unknown table in TOML',
    path: '/etc/config.toml',
    text: '[netwrok]\nretries = 1\n',
    code: 'SCHEMAS_KEY_UNKNOWN',
    at: ':1:1',
    hint: /"network"/,
  },
  {
    name: 'a wrong value in TOML',
    path: '~/config.toml',
    text: '[network]\n\nretries = "x"\n',
    code: 'SCHEMAS_VALUE_INVALID',
    at: ':3:1',
  },
  {
    name: 'an id twice',
    path: '~/config.toml',
    text: '[[registries]]\nid = "a"\n[[registries]]\nid = "a"\n',
    code: 'WORKSPACE_REGISTRY_INVALID',
    at: ':3:1',
  },
];

for (const { name, path, text, code, at, hint } of BROKEN) {
  test(`${name} is one error with its line and column`, async (t) => {
    const sample = sampleWorkspace(t, { [path]: text });
    await assert.rejects(
      sample.open(),
      (error: { code: string; message: string; hint: string; exitCode: number }) => {
        assert.equal(error.code, code);
        assert.ok(error.message.includes(`${path.split('/').at(-1)}${at}:`), error.message);
        assert.equal(error.exitCode, 3);
        if (hint) assert.match(error.hint, hint);
        return true;
      },
    );
  });
}

test('a file that is not UTF-8 text, and one that is too large, are refused', async (t) => {
  const sample = sampleWorkspace(t);
  writeFiles(sample.homeDir, { 'config.toml': '' });
  const { writeFileSync, truncateSync } = await import('node:fs');
  writeFileSync(join(sample.homeDir, 'config.toml'), Buffer.from([0x61, 0xff]));
  await assert.rejects(sample.open(), { code: 'WORKSPACE_TEXT_INVALID' });
  truncateSync(join(sample.homeDir, 'config.toml'), 17 * 1024 * 1024);
  await assert.rejects(sample.open(), { code: 'BASE_LIMIT_EXCEEDED' });
});

test('mistyped variables and flags are errors with the nearest key', async (t) => {
  const sample = sampleWorkspace(t);
  await assert.rejects(sample.open({ env: { PROVISIONING_NETWORK__RETIRES: '1' } }), {
    code: 'WORKSPACE_SETTING_UNKNOWN',
    hint: 'Did you mean "retries"?',
  });
  await assert.rejects(sample.open({ flags: { 'netwrok.retries': '1' } }), {
    code: 'WORKSPACE_SETTING_UNKNOWN',
    hint: 'Did you mean "network"?',
  });
  await assert.rejects(sample.open({ env: { PROVISIONING_NETWORK__RETRIES: 'many' } }), {
    code: 'WORKSPACE_SETTING_INVALID',
  });
  await assert.rejects(sample.open({ env: { PROVISIONING_REGISTRIES__A: 'x' } }), {
    code: 'WORKSPACE_SETTING_INVALID',
  });
});
