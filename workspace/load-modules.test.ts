import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { digestOf } from '#base';
import { treeDigest } from '#oci';
import { type Kind, kindPlural, type Lock, type LockEntry, MEDIA } from '#schemas';
import {
  type LoadModulesOptions,
  loadInfra,
  loadModules,
  type Module,
  moduleInstallDir,
  recordInstalledTree,
} from './index.js';
import { PROVISIONING, type Sample, sampleWorkspace, writeFiles } from './testing/sample-workspace.js';

const SCHEMA = JSON.stringify({
  type: 'object',
  properties: {
    port: { type: 'integer', maximum: 65535 },
    title: { type: 'string' },
    nested: { type: 'object' },
  },
  additionalProperties: false,
});

function manifest(kind: Kind, name: string, version: string, more = ''): string {
  return `schema: 1\nname: ${name}\ntype: ${kind}\nversion: ${version}\ndescription: An extension of the tests.\n${more}`;
}

/** Installs an extension the way the lock says it, and gives its block of the lock. */
async function install(
  sample: Sample,
  kind: Kind,
  name: string,
  files: Record<string, string>,
): Promise<LockEntry> {
  const version = /^version: (.*)$/m.exec(files['manifest.yaml']!)![1]!;
  const content = { mediaType: MEDIA.ociManifest, digest: digestOf(`${kind}/${name}/${version}`), size: 1 };
  const entry: LockEntry = {
    kind,
    name,
    version,
    source: { registry: 'main', repository: `prov/${name}` },
    manifest: content,
    config: content,
    layers: [],
    dependencies: [],
    requiredBy: [],
  };
  const dir = moduleInstallDir(sample.root, entry);
  writeFiles(dir, files);
  return { ...entry, layers: [{ ...content, tar: await treeDigest(dir, { title: name }) }] };
}

function lockOf(...extensions: LockEntry[]): Lock {
  return {
    lockVersion: 1,
    inputs: {},
    policy: { strategy: 'latest', prerelease: 'if-named', platforms: [] },
    extensions,
  };
}

const SETTINGS = `schema: 1
provider: local
servers:
  - name: one
    taskservs:
      - name: web
        config: { port: 1111 }
  - name: two
    taskservs: [web]
`;

interface Shop {
  readonly sample: Sample;
  readonly lock: Lock;
  load(options?: Partial<LoadModulesOptions>, flags?: Record<string, unknown>): Promise<readonly Module[]>;
}

async function shop(
  t: TestContext,
  files: Record<string, string> = {},
  webFiles: Record<string, string> = {},
): Promise<Shop> {
  const sample = sampleWorkspace(t, {
    'config/provisioning.yaml': `${PROVISIONING}config:\n  web: { title: "{{workspace.name}}", nested: { b: 2 } }\n`,
    'infra/main/settings.yaml': SETTINGS,
    ...files,
  });
  const lock = lockOf(
    await install(sample, 'provider', 'local', { 'manifest.yaml': manifest('provider', 'local', '1.0.0') }),
    await install(sample, 'taskserv', 'postgres', {
      'manifest.yaml': manifest('taskserv', 'postgres', '16.0.0'),
    }),
    await install(sample, 'taskserv', 'unrelated', {
      'manifest.yaml': manifest('taskserv', 'unrelated', '1.0.0'),
    }),
    await install(sample, 'taskserv', 'web', {
      'manifest.yaml': manifest('taskserv', 'web', '1.2.3', 'dependencies: { postgres: "^16" }\n'),
      'config.defaults.yaml': 'port: 80\ntitle: "{{literal}}"\nnested: { a: 1 }\n',
      'schema/config.schema.json': SCHEMA,
      ...webFiles,
    }),
  );
  const load = async (options = {}, flags = {}) =>
    loadModules(await openAnd(sample, flags), await loadInfra(await openAnd(sample, flags), 'main'), lock, {
      provVersion: '0.1.0',
      platform: 'linux/amd64',
      env: homeOf(sample),
      ...options,
    });
  return { sample, lock, load };
}

const homeOf = ({ homeDir }: Sample) => ({ PROVISIONING_HOME: join(homeDir, '.provisioning') });
const openAnd = (sample: Sample, flags: Record<string, unknown>) => sample.open({ flags });
const brief = (modules: readonly Module[]) =>
  modules.map(({ kind, name, version, layer }) => `${kind} ${name} ${version} ${layer}`);

test('an infra gets what it names and what that needs, configured for each server', async (t) => {
  const { load } = await shop(t, { 'infra/main/config.toml': '[config.web]\ntitle = "infra"\n' });
  const modules = await load();
  assert.deepEqual(brief(modules), [
    'provider local 1.0.0 core',
    'taskserv postgres 16.0.0 core',
    'taskserv web 1.2.3 core',
  ]);
  const web = modules[2]!;
  assert.deepEqual(web.config.values, { port: 80, title: 'infra', nested: { a: 1, b: 2 } });
  assert.deepEqual(
    web.placements.map(({ server, config }) => [server, config.values['port']]),
    [
      ['one', 1111],
      ['two', 80],
    ],
  );
  const trace = web.placements[0]!.config.provenance.map(({ key, layer, line, overridden }) => [
    key,
    layer,
    line,
    overridden.map((each) => each.layer),
  ]);
  assert.deepEqual(trace, [
    ['port', 'placement', 7, ['defaults']],
    ['title', 'infra', 2, ['workspace', 'defaults']],
    ['nested.a', 'defaults', 3, []],
    ['nested.b', 'workspace', 4, []],
  ]);
});

test('defaults of an extension are taken literally; the workspace interpolates; flags win over a server', async (t) => {
  const { load, sample } = await shop(t, { 'config/provisioning.yaml': PROVISIONING });
  assert.equal((await load())[2]!.config.values['title'], '{{literal}}');
  writeFiles(sample.root, {
    'config/provisioning.yaml': `${PROVISIONING}config: { web: { title: "{{workspace.name}}" } }\n`,
  });
  const web = (await load({}, { 'config.web.port': '9' }))[2]!;
  assert.equal(web.config.values['title'], 'shop');
  assert.deepEqual(
    web.placements.map(({ config }) => config.values['port']),
    [9, 9],
  );
});

test('a copy in the infra hides one in the workspace, which hides the installed one', async (t) => {
  const { load, sample } = await shop(t);
  writeFiles(sample.root, { 'extensions/taskservs/web/manifest.yaml': manifest('taskserv', 'web', '2.0.0') });
  const second = (await load()).find(({ name }) => name === 'web')!;
  assert.deepEqual(
    [second.layer, second.version, second.shadows.map(({ layer, version }) => `${layer} ${version}`)],
    ['workspace', '2.0.0', ['core 1.2.3']],
  );
  writeFiles(sample.root, {
    'infra/main/extensions/taskservs/web/manifest.yaml': manifest('taskserv', 'web', '3.0.0'),
  });
  const third = (await load()).find(({ name }) => name === 'web')!;
  assert.deepEqual(
    [third.layer, third.shadows.map(({ layer, version }) => `${layer} ${version}`)],
    ['infra', ['workspace 2.0.0', 'core 1.2.3']],
  );
  assert.equal(third.digest, await treeDigest(third.dir, { title: 'web' }));
  assert.equal(third.lock, undefined);
});

test('components of a cluster are placed on its servers with what the cluster says', async (t) => {
  const settings =
    'schema: 1\nprovider: local\nservers:\n  - { name: one, clusters: [site] }\n  - { name: two, clusters: [site], taskservs: [web] }\n';
  const { load } = await shop(t, {
    'infra/main/settings.yaml': settings,
    'extensions/clusters/site/manifest.yaml': manifest(
      'cluster',
      'site',
      '1.0.0',
      'components: [{ name: web, config: { port: 7, title: c } }, postgres]\n',
    ),
  });
  const modules = await load();
  assert.deepEqual(brief(modules).at(-1), 'cluster site 1.0.0 workspace');
  const web = modules.find(({ name }) => name === 'web')!;
  const placed = web.placements.map(({ server, cluster, config }) => [
    server,
    cluster,
    config.values['port'],
    config.values['title'],
  ]);
  assert.deepEqual(placed.sort(), [
    ['one', 'site', 7, 'shop'],
    ['two', undefined, 80, 'shop'],
  ]);
});

test('a missing installation names every module, and says what to run', async (t) => {
  const { load, lock, sample } = await shop(t);
  for (const entry of lock.extensions) rmSync(moduleInstallDir(sample.root, entry), { recursive: true });
  await assert.rejects(load(), (error: { code: string; message: string; hint: string; exitCode: number }) => {
    assert.deepEqual([error.code, error.exitCode], ['WORKSPACE_MODULE_NOT_INSTALLED', 5]);
    assert.match(error.message, /provider local 1\.0\.0, taskserv web 1\.2\.3/);
    assert.match(error.hint, /prov dep resolve/);
    return true;
  });
});

test('a file edited after the installation is noticed', async (t) => {
  const { load, lock, sample } = await shop(t);
  appendFileSync(
    join(moduleInstallDir(sample.root, lock.extensions.at(-1)!), 'config.defaults.yaml'),
    '# edited\n',
  );
  await assert.rejects(load(), { code: 'WORKSPACE_MODULE_MODIFIED', exitCode: 6 });
  assert.equal((await load({ checkTrees: false })).length, 3);
});

test('an archive that another program packed is compared with what was noted at its installation', async (t) => {
  const { load, lock, sample } = await shop(t);
  const web = lock.extensions.at(-1)!;
  const dir = moduleInstallDir(sample.root, web);
  web.layers[0]!.tar = digestOf('packed by another program');
  await assert.rejects(load(), { code: 'WORKSPACE_MODULE_MODIFIED' });
  await recordInstalledTree(dir, web, { env: homeOf(sample) });
  assert.equal((await load()).length, 3);
  appendFileSync(join(dir, 'manifest.yaml'), '# edited\n');
  await assert.rejects(load(), { code: 'WORKSPACE_MODULE_MODIFIED' });
});

test('settings that the schema refuses are one error at the place that set them', async (t) => {
  const cases: readonly (readonly [files: Record<string, string>, message: RegExp, hint?: RegExp])[] = [
    [
      { 'infra/main/config.toml': '[config.web]\nport = "x"\n' },
      /infra\/main\/config\.toml:2:1: web: port: must be integer/,
    ],
    [
      { 'infra/main/settings.yaml': SETTINGS.replace('1111', '99999') },
      /settings\.yaml:7:\d+: web: port: must be <= 65535/,
    ],
    [
      { 'infra/main/config.toml': '[config.web]\ntitel = "x"\n' },
      /config\.toml:2:1: web: titel: is not a setting/,
      /"title"/,
    ],
  ];
  for (const [files, message, hint] of cases) {
    const { load } = await shop(t, files);
    await assert.rejects(load(), (error: { code: string; message: string; hint: string }) => {
      assert.equal(error.code, 'WORKSPACE_MODULE_CONFIG_INVALID');
      assert.match(error.message, message);
      if (hint) assert.match(error.hint, hint);
      return true;
    });
  }
});

test('a broken schema, a missing file, a wrong place and a newer manifest each have their error', async (t) => {
  const web = (more: string, version = '1.2.3') => ({
    'manifest.yaml': manifest('taskserv', 'web', version, more),
  });
  const broken = await shop(t, {}, { 'schema/config.schema.json': '{"type": 5}' });
  await assert.rejects(broken.load(), { code: 'WORKSPACE_MODULE_SCHEMA_INVALID' });
  const remote = await shop(
    t,
    {},
    { 'schema/config.schema.json': '{"$ref": "https://evil.example/s.json"}' },
  );
  await assert.rejects(remote.load(), { code: 'WORKSPACE_MODULE_SCHEMA_INVALID' });
  const missing = await shop(t, {}, web('configuration: { defaults: nowhere.yaml }\n'));
  await assert.rejects(missing.load(), { code: 'BASE_FILE_MISSING' });
  const moved = await shop(t, {
    'extensions/taskservs/web/manifest.yaml': manifest('taskserv', 'other', '1.0.0'),
  });
  await assert.rejects(moved.load(), { code: 'WORKSPACE_MODULE_MISMATCH' });
  const newer = await shop(t, {}, web('compatibility: { provisioning: ">=9" }\n'));
  await assert.rejects(newer.load(), { code: 'SCHEMAS_NEEDS_NEWER_PROV' });
});

test('a name that is neither locked nor in a layer is an error at its place', async (t) => {
  const { load } = await shop(t, {
    'infra/main/settings.yaml': SETTINGS.replace('taskservs: [web]', 'taskservs: [wbe]'),
  });
  await assert.rejects(load(), (error: { code: string; message: string }) => {
    assert.equal(error.code, 'WORKSPACE_MODULE_UNKNOWN');
    assert.match(error.message, /settings\.yaml:9:\d+: taskserv "wbe"/);
    return true;
  });
});

test('assets of this platform are given as local files; one that is not there is named', async (t) => {
  const sha256 = createHash('sha256').update('bytes').digest('hex');
  const asset = (name: string, platform: string) =>
    `  - { name: ${name}, source: "https://x.example/y", sha256: ${sha256}, platform: ${platform} }\n`;
  const { load, sample } = await shop(
    t,
    {},
    {
      'manifest.yaml': manifest(
        'taskserv',
        'web',
        '1.2.3',
        `assets:\n${asset('a', 'linux/amd64')}${asset('b', 'darwin/arm64')}`,
      ),
    },
  );
  await assert.rejects(load(), (error: { code: string; message: string }) => {
    assert.equal(error.code, 'WORKSPACE_MODULE_NOT_INSTALLED');
    assert.match(error.message, /asset a of web/);
    return true;
  });
  writeFiles(sample.root, { [`.cache/assets/${sha256}`]: 'bytes' });
  const web = (await load()).find(({ name }) => name === 'web')!;
  assert.deepEqual(web.assets, [
    { name: 'a', path: join(sample.root, '.cache/assets', sha256), sha256, size: 5 },
  ]);
});

test('everything locked or in a layer can be listed', async (t) => {
  const { load, lock } = await shop(t);
  const modules = await load({ scope: 'all' });
  assert.deepEqual(
    modules.map(({ name, kind }) => `${kindPlural(kind)}/${name}`),
    lock.extensions.map(({ name, kind }) => `${kindPlural(kind)}/${name}`),
  );
});
