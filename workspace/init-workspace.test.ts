import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findWorkspace, type InitOptions, initWorkspace, loadInfra, openWorkspace } from './index.js';
import { temporaryDirectory, writeFiles } from './testing/sample-workspace.js';

const OPTIONS: InitOptions = {
  name: 'shop',
  mode: 'cicd',
  registry: { id: 'main', url: 'localhost:5000', namespace: 'prov/ext' },
  infra: 'main',
  provider: 'local',
  requirements: [
    { kind: 'cluster', name: 'web', range: '^1.0.0' },
    { kind: 'provider', name: 'local', range: '*' },
  ],
  servers: [{ name: 'one', clusters: ['web'], taskservs: [{ name: 'os', config: { a: 1 } }] }],
};

const PROVISIONING = `# The workspace: what it needs and where that comes from. After a change: prov dep resolve
schema: 1
workspace:
  name: shop
mode: cicd

# Registries by id; the lock names the id, so an address may change without a new lock.
registries:
  - id: main
    url: localhost:5000
    namespace: prov/ext

# Extensions by kind: name → version range.
dependencies:
  extensions:
    modules:
      providers:
        local: "*"
      clusters:
        web: ^1.0.0
`;

function tree(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

test('a new workspace has the documented tree, opens, and is found from inside', async (t) => {
  const root = join(temporaryDirectory(t), 'deep', 'shop');
  const { created } = await initWorkspace(root, OPTIONS);
  assert.ok(created.includes('config/provisioning.yaml'));
  assert.equal(readFileSync(join(root, 'config/provisioning.yaml'), 'utf8'), PROVISIONING);
  assert.deepEqual(
    tree(root).filter((path) => !path.includes('/')),
    ['.gitignore', '.provisioning', 'config', 'extensions', 'infra'],
  );
  assert.deepEqual(readdirSync(join(root, 'extensions')).sort(), [
    'clusters',
    'providers',
    'taskservs',
    'templates',
    'workflows',
  ]);
  assert.match(readFileSync(join(root, '.gitignore'), 'utf8'), /^\.cache\/\n\.runtime\/$/m);
  assert.deepEqual(readdirSync(join(root, '..')), ['shop']);
  const workspace = await openWorkspace(root, {
    env: {},
    homeDir: join(root, 'none'),
    systemConfigDir: join(root, 'none'),
  });
  assert.deepEqual([workspace.name, workspace.mode, workspace.infras], ['shop', 'cicd', ['main']]);
  assert.deepEqual((await loadInfra(workspace, 'main')).settings.servers[0]?.taskservs, [
    { name: 'os', config: { a: 1 } },
  ]);
  assert.equal(await findWorkspace(join(root, 'extensions', 'taskservs')), root);
  assert.equal(await findWorkspace(join(root, '..')), undefined);
  await assert.rejects(openWorkspace(join(root, '..')), { code: 'WORKSPACE_NOT_FOUND', exitCode: 5 });
});

test('a second run changes nothing and puts back what is missing', async (t) => {
  const root = join(temporaryDirectory(t), 'shop');
  await initWorkspace(root, OPTIONS);
  writeFileSync(join(root, 'config/provisioning.yaml'), `${PROVISIONING}# mine\n`);
  assert.deepEqual((await initWorkspace(root, OPTIONS)).created, []);
  rmSync(join(root, 'extensions'), { recursive: true });
  assert.equal((await initWorkspace(root, { ...OPTIONS, infra: 'second' })).created.length, 11);
  assert.match(readFileSync(join(root, 'config/provisioning.yaml'), 'utf8'), /# mine/);
  await assert.rejects(initWorkspace(root, { ...OPTIONS, name: 'other' }), {
    code: 'WORKSPACE_NAME_DIFFERS',
    exitCode: 11,
  });
});

test('an empty directory, also one with .git, becomes the workspace in place', async (t) => {
  const root = temporaryDirectory(t);
  mkdirSync(join(root, '.git'));
  writeFiles(root, { '.git/HEAD': 'ref: refs/heads/main\n' });
  await initWorkspace(root, OPTIONS);
  assert.ok(existsSync(join(root, '.git/HEAD')));
  assert.equal(await findWorkspace(root), root);
});

test('a directory with anything else in it is refused and left alone', async (t) => {
  const root = temporaryDirectory(t);
  writeFiles(root, { 'notes.txt': 'x', 'config/other.toml': '' });
  const before = tree(root);
  await assert.rejects(initWorkspace(root, OPTIONS), (error: { code: string; message: string }) => {
    assert.equal(error.code, 'WORKSPACE_DIRECTORY_NOT_EMPTY');
    assert.match(error.message, /notes\.txt/);
    return true;
  });
  assert.deepEqual(tree(root), before);
  const file = join(root, 'notes.txt');
  await assert.rejects(initWorkspace(join(file, 'below'), OPTIONS), { name: 'ProvError' });
});

test('bad names are refused before anything is made', async (t) => {
  const root = join(temporaryDirectory(t), 'shop');
  await assert.rejects(initWorkspace(root, { ...OPTIONS, name: 'a b' }), { code: 'SCHEMAS_NAME_INVALID' });
  await assert.rejects(initWorkspace(root, { ...OPTIONS, infra: '../up' }), { code: 'SCHEMAS_NAME_INVALID' });
  await assert.rejects(initWorkspace(root, { ...OPTIONS, signal: AbortSignal.abort() }), {
    name: 'AbortError',
  });
  assert.equal(existsSync(root), false);
});

/** Runs init in a child that dies (SIGKILL) at the nth rename or directory made. */
function initUntil(step: number, root: string): boolean {
  const script = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    let left = ${step};
    for (const name of ['renameSync', 'mkdirSync']) {
      const real = fs[name];
      fs[name] = (...args) => { if (left-- === 0) process.kill(process.pid, 'SIGKILL'); return real(...args); };
    }
    syncBuiltinESMExports();
    const { initWorkspace } = await import(${JSON.stringify(new URL('./init-workspace.js', import.meta.url).href)});
    await initWorkspace(${JSON.stringify(root)}, ${JSON.stringify(OPTIONS)});
    process.exit(7);`;
  try {
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { stdio: 'pipe', timeout: 20_000 });
  } catch (error) {
    return (error as { status: number | null }).status === 7;
  }
  throw new Error('the child ended in another way');
}

test('killed at any step, init leaves no half workspace and the next run completes', async (t) => {
  const base = temporaryDirectory(t);
  let finished = 0;
  for (let step = 0; finished < 2 && step < 80; step += 3) {
    for (const existing of [false, true]) {
      const root = join(base, `${existing}-${step}`);
      if (existing) mkdirSync(root);
      if (initUntil(step, root)) finished += 1;
      else if (!existing) assert.equal(existsSync(root), false, `step ${step}`);
      await initWorkspace(root, OPTIONS);
      assert.deepEqual((await initWorkspace(root, OPTIONS)).created, []);
      assert.equal(
        tree(root).some((path) => path.includes('.prov-init') || path.endsWith('.tmp')),
        false,
        `step ${step}`,
      );
    }
    assert.equal(
      readdirSync(base).some((name) => name.startsWith('.prov-init')),
      false,
    );
  }
  assert.ok(finished >= 2);
});
