import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadInfra, type Workspace } from './index.js';
import { PROVISIONING, sampleWorkspace } from './testing/sample-workspace.js';

const REGISTRIES = 'registries: [{ id: main, url: localhost:5000, namespace: prov/ext }]\n';

async function open(t: Parameters<typeof sampleWorkspace>[0], text: string): Promise<Workspace> {
  return sampleWorkspace(t, { 'config/provisioning.yaml': PROVISIONING + text }).open();
}

const brief = ({ registries }: Workspace) =>
  registries.map(({ id, url, namespace, named }) => [id, url, namespace, named]);

test('the three older shapes and the list give the same registry', async (t) => {
  const expected = [['corp', 'https://harbor.example', 'prov/ext', true]];
  const shapes = [
    'registries: [{ id: corp, url: "https://harbor.example", namespace: prov/ext }]',
    'registries: [{ id: corp, url: "oci://harbor.example/prov/ext" }]',
    'registry: { id: corp, url: harbor.example, namespace: prov/ext }',
  ];
  for (const shape of shapes) assert.deepEqual(brief(await open(t, `${shape}\n`)), expected, shape);
  const derived = [['harbor.example', 'https://harbor.example', 'prov/ext', false]];
  const older = [
    'dependencies: { extensions: { source_type: oci, oci: { registry: harbor.example, namespace: prov/ext, tls_enabled: true, auth_token_path: ~/x } } }',
    'dependencies: { registry: { type: oci, oci: { endpoint: "https://harbor.example", namespaces: { extensions: prov/ext, platform: p }, tls_enabled: true } } }',
    'extensions: { oci: { registry: harbor.example, namespace: prov/ext } }',
    'registry: { oci: { endpoint: "https://harbor.example", namespace: prov/ext } }',
    'registry: oci://harbor.example/prov/ext',
  ];
  for (const shape of older) assert.deepEqual(brief(await open(t, `${shape}\n`)), derived, shape);
});

test('an older shape joins the listed registry on the same host', async (t) => {
  const workspace = await open(
    t,
    `${REGISTRIES}extensions: { oci: { registry: localhost:5000, tls_enabled: false } }\n`,
  );
  assert.deepEqual(brief(workspace), [['main', 'http://localhost:5000', 'prov/ext', true]]);
});

test('without any registry the built-in one on this machine is used, unnamed', async (t) => {
  assert.deepEqual(brief(await open(t, '')), [
    ['localhost-5000', 'http://localhost:5000', 'provisioning-extensions', false],
  ]);
});

test("registry.url from a variable moves the first registry; a user's does not move the workspace's", async (t) => {
  const sample = sampleWorkspace(t, {
    'config/provisioning.yaml': PROVISIONING + REGISTRIES,
    '~/config.toml': 'registry = "mine.example"\n',
  });
  assert.deepEqual(brief(await sample.open({ env: { PROVISIONING_REGISTRY__URL: 'localhost:6000' } })), [
    ['main', 'http://localhost:6000', 'prov/ext', true],
  ]);
  assert.deepEqual(brief(await sample.open()), [
    ['main', 'http://localhost:5000', 'prov/ext', true],
    ['mine.example', 'https://mine.example', 'provisioning-extensions', false],
  ]);
});

for (const [name, text] of [
  ['no url', 'registries: [{ id: a }]'],
  ['not a host', 'registries: [{ id: a, url: "https://" }]'],
  ['credentials in it', 'registries: [{ id: a, url: "https://me:secret@a.example" }]'],
  ['a path', 'registries: [{ id: a, url: "https://a.example/v2/x" }]'],
  ['a bad port', 'registries: [{ id: a, url: "a.example:99999" }]'],
] as const) {
  test(`a registry with ${name} is refused with its place`, async (t) => {
    await assert.rejects(open(t, `${text}\n`), (error: { code: string; message: string }) => {
      assert.equal(error.code, 'WORKSPACE_REGISTRY_INVALID');
      assert.match(error.message, /provisioning\.yaml:3:\d+/);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });
}

test('references and name: range maps become requirements with their line', async (t) => {
  const { requirements, registries, root } = await open(
    t,
    `${REGISTRIES}dependencies:
  extensions:
    modules:
      taskservs:
        - oci://localhost:5000/prov/ext/redis:7.2.0
        - web@^1
        - other/deep/etcd:3.5.0_rc1
        - oci://corp.example/ns/kubernetes:v1.28.0@sha256:${'a'.repeat(64)}
        - ./local/thing
      clusters: { shop: ">=1.0.0,<2.0.0" }
`,
  );
  const rows = requirements.map(({ kind, name, range, registry, repository, origin }) => [
    kind,
    name,
    range,
    registry,
    repository,
    origin.line,
  ]);
  assert.deepEqual(rows, [
    ['taskserv', 'etcd', '3.5.0+rc1', 'main', 'other/deep/etcd', 10],
    ['taskserv', 'kubernetes', '1.28.0', 'corp.example', 'ns/kubernetes', 11],
    ['taskserv', 'redis', '7.2.0', 'main', 'prov/ext/redis', 8],
    ['taskserv', 'thing', '*', undefined, undefined, 12],
    ['taskserv', 'web', '^1', 'main', 'prov/ext/web', 9],
    ['cluster', 'shop', '>=1.0.0 <2.0.0', 'main', 'prov/ext/shop', 13],
  ]);
  assert.equal(requirements[1]?.digest, `sha256:${'a'.repeat(64)}`);
  assert.equal(requirements[3]?.path, './local/thing');
  assert.equal(requirements[0]?.origin.file, `${root}/config/provisioning.yaml`);
  assert.deepEqual(
    registries.map(({ id, named }) => [id, named]),
    [
      ['main', true],
      ['corp.example', false],
    ],
  );
});

for (const [name, reference] of [
  ['a moving tag', 'redis:latest'],
  ['half a version', 'redis:7.2'],
  ['not a reference', 'Redis!'],
  ['a bundle', 'bundle:x.tar#ns/redis:1.0.0'],
] as const) {
  test(`${name} is refused as a requirement, with its line`, async (t) => {
    const text = `dependencies:\n  extensions:\n    modules:\n      taskservs:\n        - ${JSON.stringify(reference)}\n`;
    await assert.rejects(open(t, text), (error: { code: string; message: string }) => {
      assert.equal(error.code, 'WORKSPACE_REQUIREMENT_INVALID');
      assert.match(error.message, /provisioning\.yaml:7:/);
      return true;
    });
  });
}

test('an infra may ask for more, and is found by name or by workspace:infra', async (t) => {
  const sample = sampleWorkspace(t, {
    'config/provisioning.yaml': `${PROVISIONING}${REGISTRIES}dependencies: { extensions: { modules: { taskservs: { redis: ^7 } } } }\n`,
    'infra/main/settings.yaml': 'schema: 1\nprovider: local\nservers: [{ name: one }]\n',
    'infra/main/config.toml': '[dependencies.extensions.modules.taskservs]\nredis = "<7.4"\netcd = "*"\n',
  });
  const workspace = await sample.open();
  const { requirements, address } = await loadInfra(workspace, 'shop:main');
  assert.equal(address, 'shop:main');
  assert.deepEqual(
    requirements.map(({ name, range, origin }) => [name, range, origin.layer, origin.line]),
    [
      ['etcd', '*', 'infra', 3],
      ['redis', '<7.4', 'infra', 2],
    ],
  );
  await assert.rejects(loadInfra(workspace, 'other:main'), { code: 'WORKSPACE_ADDRESS_OTHER' });
  await assert.rejects(loadInfra(workspace, 'mian'), {
    code: 'WORKSPACE_INFRA_NOT_FOUND',
    hint: 'Did you mean "main"?',
  });
  await assert.rejects(loadInfra(workspace, '../../etc'), { code: 'WORKSPACE_INFRA_NOT_FOUND' });
});
