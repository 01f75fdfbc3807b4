import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Ajv } from 'ajv';
import { digestOf, LIMITS, type ProvError } from '#base';
import {
  assertDeployable,
  auditLock,
  checkLock,
  createSbom,
  diffLocks,
  editRequirement,
  fetchLock,
  listLicences,
  mergeLock,
  readLock,
  requireLock,
  resolveWorkspace,
  validateWorkspace,
} from '#manager';
import { treeDigest } from '#oci';
import { contentDigestOf, formatLock, type Lock, type LockEntry, parseLock } from '#schemas';
import { moduleInstallDir, planRemoveRequirement, planSetRequirement, type Workspace } from '#workspace';
import { alteringProxy, asForeign } from '../support/altering-proxy.js';
import { projectRoot } from '../support/project.js';
import { newKey, openShop, openSite, reopen, type Site } from './site.js';

const versionsOf = ({ extensions }: Lock) =>
  Object.fromEntries(extensions.map(({ name, version }) => [name, version]));
const SETTINGS = 'config/provisioning.yaml';
const NONE = { allow: [], deny: [] };

async function publishAll(site: Site) {
  await site.publish({ name: 'os', manifest: { license: 'Apache-2.0' } });
  await site.publish({
    name: 'web',
    manifest: { license: 'MIT OR GPL-3.0-only', dependencies: { os: '^1' }, authors: ['Ann', 'Bo'] },
  });
  await site.publish({ name: 'db', manifest: { license: 'GPL-3.0-only', dependencies: { os: '^1' } } });
}

async function shop(t: TestContext, requirements: Record<string, string> = { web: '^1' }) {
  const site = await openSite(t);
  await publishAll(site);
  const workspace = await openShop(site, requirements);
  await resolveWorkspace({ workspace }, site.context);
  return { site, workspace };
}

const open = (site: Site) => ({
  env: site.context.env,
  homeDir: site.home,
  systemConfigDir: join(site.folder, 'no-etc'),
});

test('adding and removing are all or nothing: the file changes with the lock or not at all', async (t) => {
  const { site, workspace } = await shop(t);
  const file = join(workspace.root, SETTINGS);
  const before = [file, workspace.lockFile].map((path) => readFileSync(path, 'utf8'));
  const impossible = await planSetRequirement(workspace.root, { kind: 'taskserv', name: 'os', range: '^9' });
  await assert.rejects(editRequirement({ workspace, edit: impossible, open: open(site) }, site.context), {
    code: 'MANAGER_UNRESOLVABLE',
  });
  assert.deepEqual(
    [file, workspace.lockFile].map((path) => readFileSync(path, 'utf8')),
    before,
  );
  const edit = await planSetRequirement(workspace.root, { kind: 'taskserv', name: 'db', range: '^1' });
  const added = await editRequirement({ workspace, edit, open: open(site) }, site.context);
  assert.deepEqual(versionsOf(added.lock), { db: '1.0.0', os: '1.0.0', web: '1.0.0' });
  const now = await reopen(site, workspace.root);
  assert.equal((await resolveWorkspace({ workspace: now, locked: true }, site.context)).resolved, false);
  const late = await planRemoveRequirement(workspace.root, { name: 'web' });
  appendFileSync(file, '# somebody else\n');
  await assert.rejects(editRequirement({ workspace: now, edit: late, open: open(site) }, site.context), {
    code: 'WORKSPACE_FILE_CHANGED',
  });
  const removal = await planRemoveRequirement(workspace.root, { name: 'web' });
  const removed = await editRequirement({ workspace: now, edit: removal, open: open(site) }, site.context);
  assert.deepEqual(versionsOf(removed.lock), { db: '1.0.0', os: '1.0.0' });
  assert.match(readFileSync(file, 'utf8'), /# somebody else/);
});

test('a lock with conflict markers is put right; one that cannot be stays as it is', async (t) => {
  const { site, workspace } = await shop(t);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      cwd: workspace.root,
      stdio: 'pipe',
    });
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-qm', 'web');
  const add = async (name: string) => {
    const here = await reopen(site, workspace.root);
    const edit = await planSetRequirement(workspace.root, { kind: 'taskserv', name, range: '^1' });
    await editRequirement({ workspace: here, edit, open: open(site), install: false }, site.context);
    git('commit', '-qam', name);
  };
  await site.publish({ name: 'cache', manifest: { dependencies: { os: '^1' } } });
  git('checkout', '-qb', 'theirs');
  await add('cache');
  git('checkout', '-q', 'main');
  await add('db');
  assert.deepEqual(
    (await diffLocks({ workspace, from: 'theirs' }, site.context)).map(
      ({ change, name }) => `${change} ${name}`,
    ),
    ['removed cache', 'added db'],
  );
  assert.throws(() => git('merge', '-q', 'theirs'));
  const settings = join(workspace.root, SETTINGS);
  writeFileSync(settings, readFileSync(settings, 'utf8').replace(/^(?:<{7}|={7}|>{7}).*\n/gm, ''));
  const merged = await reopen(site, workspace.root);
  const result = await mergeLock({ workspace: merged }, { ...site.context, offline: true });
  assert.deepEqual([result.merged, result.resolved, result.extensions], [true, true, 4]);
  await resolveWorkspace({ workspace: merged, locked: true }, site.context);
  const alone = readFileSync(workspace.lockFile, 'utf8');
  rmSync(workspace.lockFile);
  await resolveWorkspace({ workspace: merged, install: false }, site.context);
  assert.equal(readFileSync(workspace.lockFile, 'utf8'), alone, 'as if it had been resolved in one go');
  assert.equal((await mergeLock({ workspace: merged }, site.context)).merged, false);
  writeFileSync(workspace.lockFile, `<<<<<<< ours\n${alone}`);
  await assert.rejects(mergeLock({ workspace: merged }, site.context), { code: 'SCHEMAS_LOCK_INVALID' });
});

test('as a merge driver, versions that both sides changed become what one side had solved, or are stated', async (t) => {
  const { site, workspace } = await shop(t);
  const file = (name: string) => join(site.folder, name);
  const keep = (name: string) => writeFileSync(file(name), readFileSync(workspace.lockFile));
  keep('base');
  const bump = async (version: string, name: string) => {
    await site.publish({ name: 'os', version });
    await resolveWorkspace({ workspace, update: {}, install: false }, site.context);
    keep(name);
  };
  await bump('1.1.0', 'ours');
  await bump('1.2.0', 'theirs');
  const files = { base: file('base'), ours: file('ours'), theirs: file('theirs') };
  const result = await mergeLock({ workspace, files }, site.context);
  assert.deepEqual([result.resolved, result.conflicts.map(({ what }) => what)], [false, ['taskserv os']]);
  assert.match(readFileSync(file('ours'), 'utf8'), /version: 1\.2\.0/);
  keep('ours');
  writeFileSync(file('ours'), readFileSync(file('base'), 'utf8').replaceAll('1.0.0', '1.0.9'));
  const settings = join(workspace.root, SETTINGS);
  writeFileSync(settings, readFileSync(settings, 'utf8').replace('web: ^1', 'web: ^7'));
  const broken = await reopen(site, workspace.root);
  const before = readFileSync(file('ours'));
  await assert.rejects(mergeLock({ workspace: broken, files }, site.context), {
    code: 'MANAGER_LOCK_MERGE_FAILED',
  });
  assert.deepEqual(readFileSync(file('ours')), before);
});

test('additions of two sides that exclude each other are no merge, whether by conflict or by capability', async (t) => {
  const site = await openSite(t);
  await site.publish({ name: 'os' });
  await site.publish({ name: 'web' });
  await site.publish({ name: 'cache', manifest: { conflicts: { db: '<2' } } });
  await site.publish({ name: 'db', version: '2.0.0' });
  await site.publish({ name: 'db', version: '1.9.0' });
  const runtime = { runtime: { version: '1.0.0', exclusive: true } };
  await site.publish({ name: 'docker', manifest: { provides: runtime } });
  await site.publish({ name: 'podman', manifest: { provides: runtime } });
  const lockOf = async (requirements: Record<string, string>, name: string) => {
    const workspace = await openShop(site, requirements, { name });
    await resolveWorkspace({ workspace, install: false }, site.context);
    return { workspace, lock: readFileSync(workspace.lockFile, 'utf8') };
  };
  const merge = async (name: string, [a, b]: readonly [Record<string, string>, Record<string, string>]) => {
    const [base, ours, theirs] = await Promise.all([
      lockOf({ os: '*' }, `${name}-base`),
      lockOf({ os: '*', ...a }, `${name}-ours`),
      lockOf({ os: '*', ...b }, `${name}-theirs`),
    ]);
    const workspace = await openShop(site, { os: '*', ...a, ...b }, { name });
    const files = {
      base: base.workspace.lockFile,
      ours: ours.workspace.lockFile,
      theirs: theirs.workspace.lockFile,
    };
    return { ours, merge: () => mergeLock({ workspace, files }, site.context) };
  };
  const solvable = await merge('solvable', [{ cache: '*' }, { db: '*' }]);
  assert.equal((await solvable.merge()).resolved, true);
  for (const [name, pair] of [
    ['conflict', [{ cache: '*' }, { db: '<2' }]],
    ['exclusive', [{ docker: '*' }, { podman: '*' }]],
  ] as const) {
    const { ours, merge: run } = await merge(name, pair);
    await assert.rejects(run(), { code: 'MANAGER_LOCK_MERGE_FAILED' }, name);
    assert.equal(readFileSync(ours.workspace.lockFile, 'utf8'), ours.lock);
  }
  // Without requirements nothing may be left, whatever the sides held.
  const { workspace } = await lockOf({ os: '*', web: '*' }, 'emptied');
  const bare = await openShop(site, {}, { name: 'bare' });
  const [base, ours] = ['bare-base', 'bare-ours'].map((file) => join(site.folder, file)) as [string, string];
  for (const file of [base, ours]) writeFileSync(file, readFileSync(workspace.lockFile));
  const emptied = await mergeLock({ workspace: bare, files: { base, ours, theirs: base } }, site.context);
  assert.deepEqual([emptied.resolved, emptied.extensions], [true, 0]);
});

test('a well-formed edit inside a lock is found by --locked, whatever the digests of the inputs say', async (t) => {
  const { site, workspace } = await shop(t, { web: '^1' });
  const text = readFileSync(workspace.lockFile, 'utf8');
  const edits: [string, (text: string) => string, RegExp][] = [
    [
      'an edge',
      (lock) => lock.replace('range: ^1', 'range: ^2'),
      /web asks for os \^2; the lock holds 1\.0\.0/,
    ],
    [
      'a version',
      (lock) => lock.replaceAll('version: 1.0.0', 'version: 7.0.0'),
      /asks for taskserv web \^1; the lock holds 7\.0\.0/,
    ],
    ['who requires', (lock) => lock.replace('- web\n', '- db\n'), /os is said to be required by db/],
    [
      'a dependency taken out',
      (lock) => lock.replace(/dependencies:\n(?: {6,}.*\n)+/, 'dependencies: []\n'),
      /nothing asks for taskserv os/,
    ],
    [
      'a provider',
      (lock) => lock.replace('extensions:\n', 'capabilities:\n  runtime: main:team/os\nextensions:\n'),
      /main:team\/os is said to provide runtime/,
    ],
  ];
  for (const [what, edit, message] of edits) {
    const edited = edit(text);
    assert.notEqual(edited, text, what);
    writeFileSync(workspace.lockFile, edited);
    await assert.rejects(resolveWorkspace({ workspace, locked: true }, site.context), {
      code: 'MANAGER_LOCK_STALE',
      message,
    });
  }
  const consistent = text
    .replace(/ {2}- kind: taskserv\n {4}name: os\n(?: {4}.*\n)+/, '')
    .replace(/dependencies:\n(?: {6,}.*\n)+/, 'dependencies: []\n');
  const zeros = `sha256:${'0'.repeat(64)}`;
  for (const [edited, code, message] of [
    [consistent, 'MANAGER_LOCK_UNSOUND', /web 1\.0\.0 depends on os \^1 \(there is no os in prov\.lock\)/],
    [
      text.replaceAll(/size: \d+\n( +)tar/g, 'size: 9\n$1tar'),
      'MANAGER_LOCK_EDITED',
      /layers: the lock says sha256:\w+ \(9 bytes/,
    ],
    [text.replaceAll(/tar: \S+/g, `tar: ${zeros}`), 'MANAGER_LOCK_EDITED', /tar sha256:0{64}/],
    [
      text.replaceAll(/( +)(tar: \S+)\n/g, '$1platform: linux/amd64\n$1$2\n'),
      'MANAGER_LOCK_EDITED',
      /linux\/amd64/,
    ],
    [
      text.replace('    requiredBy:', '    provides:\n      runtime: 1.0.0\n    requiredBy:'),
      'MANAGER_LOCK_EDITED',
      /provides: the lock says .*runtime/,
    ],
    [
      text.replace(/ {4}source:\n(?: {6}.*\n)+/, '$&    vendored:\n      - linux/amd64\n'),
      'MANAGER_LOCK_EDITED',
      /vendored: the lock says linux\/amd64; it is none/,
    ],
    [
      text.replace('    source:', '    signer:\n      identity: mallory\n      rule: any\n    source:'),
      'MANAGER_LOCK_EDITED',
      /signer: the lock says mallory; it is none/,
    ],
  ] as const) {
    assert.notEqual(edited, text);
    writeFileSync(workspace.lockFile, edited);
    await assert.rejects(resolveWorkspace({ workspace, locked: true }, site.context), { code, message });
  }
  writeFileSync(workspace.lockFile, text.replace('range: ^1', 'range: ^2'));
  const mended = await resolveWorkspace({ workspace, install: false }, site.context);
  assert.equal(mended.resolved, true);
  assert.equal(readFileSync(workspace.lockFile, 'utf8'), text, 'resolving puts it right');
});

test('a dependency is not led to a namesake: not of another namespace, nor to a directory that nobody requires', async (t) => {
  const { site, workspace } = await shop(t, { web: '^1' });
  const text = readFileSync(workspace.lockFile, 'utf8');
  const lock = parseLock(text, workspace.lockFile);
  const files = { 'scripts/install.sh': 'echo other\n' };
  await site.publish({ name: 'os', files }, { namespace: 'other' });
  const elsewhere = await openShop(site, { os: '^1' }, { name: 'elsewhere' });
  const settings = join(elsewhere.root, SETTINGS);
  writeFileSync(settings, readFileSync(settings, 'utf8').replace('namespace: team', 'namespace: other'));
  const namesake = await resolveWorkspace(
    { workspace: await reopen(site, elsewhere.root), install: false },
    site.context,
  );
  const dir = join(workspace.root, 'local/os');
  cpSync(site.extension({ name: 'os', files }), dir, { recursive: true });
  const source = { path: 'local/os', tree: await treeDigest(dir, { title: 'os' }) };
  const directory = { kind: 'taskserv', name: 'os', version: '1.0.0', source, layers: [], dependencies: [] };
  for (const [os, code, message] of [
    [
      namesake.lock.extensions[0],
      'MANAGER_LOCK_UNSOUND',
      /web 1\.0\.0 depends on os \^1 \(there is no os in prov\.lock\)/,
    ],
    [directory, 'MANAGER_LOCK_STALE', /takes taskserv os from local\/os, which no requirement names/],
  ] as const) {
    const extensions = lock.extensions.map((entry) =>
      entry.name === 'os' ? ({ ...os, requiredBy: ['web'] } as LockEntry) : entry,
    );
    writeFileSync(workspace.lockFile, formatLock({ ...lock, extensions }));
    // What depends on it is installed already; the lock looks current.
    for (const options of [{ locked: true }, { frozen: true }])
      await assert.rejects(resolveWorkspace({ workspace, ...options }, site.context), { code, message });
    const edited = await requireLock(workspace.lockFile);
    const entries = edited.extensions.filter(({ name }) => name === 'web');
    const infra = { infra: 'main', lock: edited, entries, unsigned: [] };
    await assert.rejects(assertDeployable({ workspace, ...infra }, site.context), { code });
    assert.notDeepEqual((await checkLock({ workspace }, site.context)).problems, []);
    if (code === 'MANAGER_LOCK_STALE') continue;
    const before = readdirSync(join(workspace.root, '.cache/modules/taskservs')).sort();
    await assert.rejects(resolveWorkspace({ workspace }, site.context), { code, message });
    assert.deepEqual(readdirSync(join(workspace.root, '.cache/modules/taskservs')).sort(), before);
  }
});

test('what the annotations keep to themselves is read from the config: dependencies too many to be annotated', async (t) => {
  const site = await openSite(t);
  await site.publish({ name: 'os' });
  const optional = Object.fromEntries(
    Array.from({ length: 400 }, (_, i) => [`extra-${String(i).padStart(4, '0')}`, `^${i + 1}.0.0`]),
  );
  await site.publish({
    name: 'web',
    manifest: { dependencies: { os: '^1' }, optional_dependencies: optional },
  });
  const workspace = await openShop(site, { web: '^1' });
  await resolveWorkspace({ workspace }, site.context);
  await resolveWorkspace({ workspace, locked: true }, site.context);
  const text = readFileSync(workspace.lockFile, 'utf8');
  const edited = text
    .replace(/ {2}- kind: taskserv\n {4}name: os\n(?: {4}.*\n)+/, '')
    .replace(/dependencies:\n(?: {6,}.*\n)+/, 'dependencies: []\n');
  assert.notEqual(edited, text);
  writeFileSync(workspace.lockFile, edited);
  for (const options of [{ locked: true }, { frozen: true }, {}])
    await assert.rejects(resolveWorkspace({ workspace, ...options }, site.context), {
      code: 'MANAGER_LOCK_UNSOUND',
    });
});

test('a lock of what cannot stand together is not installed, though each of its parts is right', async (t) => {
  const site = await openSite(t);
  for (const name of ['valkey', 'cache']) await site.publish({ name });
  const workspace = await openShop(site, { cache: '*', valkey: '*' }, { name: 'both' });
  const { lock } = await resolveWorkspace({ workspace, install: false }, site.context);
  await site.publish({ name: 'cache', version: '1.1.0', manifest: { conflicts: { valkey: '*' } } });
  const alone = await openShop(site, { cache: '^1.1.0' }, { name: 'alone' });
  const newer = (await resolveWorkspace({ workspace: alone, install: false }, site.context)).lock
    .extensions[0]!;
  const extensions = lock.extensions.map((entry) => (entry.name === 'cache' ? newer : entry));
  writeFileSync(workspace.lockFile, formatLock({ ...lock, extensions }));
  for (const options of [{ locked: true }, { frozen: true }, {}])
    await assert.rejects(resolveWorkspace({ workspace, ...options }, site.context), {
      code: 'MANAGER_LOCK_UNSOUND',
      message: /cache 1\.1\.0 declares a conflict with valkey/,
    });
  assert.equal(existsSync(join(workspace.root, '.cache/modules')), false, 'nothing was unpacked');
});

test('an installed tree is not vouched for by a note that came with the workspace', async (t) => {
  const { site, workspace } = await shop(t, { web: '^1' });
  const [os] = (await requireLock(workspace.lockFile)).extensions;
  const dir = moduleInstallDir(workspace.root, os!);
  appendFileSync(join(dir, 'manifest.yaml'), '# edited\n');
  writeFileSync(`${dir}.tree`, `${await treeDigest(dir, { title: 'os' })}\n`);
  const { problems } = await checkLock({ workspace }, site.context);
  assert.deepEqual(
    problems.map(({ problem }) => problem),
    ['modified'],
  );
  const { installed } = await resolveWorkspace({ workspace, locked: true }, site.context);
  assert.deepEqual(installed, ['os@1.0.0'], 'it is put right');
});

test('a lock above the limit is refused before it is read, wherever a lock is read', async (t) => {
  const { site, workspace } = await shop(t, {});
  writeFileSync(workspace.lockFile, `lockVersion: 1\n${'#'.repeat(LIMITS.textFileBytes)}`);
  const files = { base: workspace.lockFile, ours: workspace.lockFile, theirs: workspace.lockFile };
  for (const read of [
    () => resolveWorkspace({ workspace, locked: true }, site.context),
    () => resolveWorkspace({ workspace }, site.context),
    () => checkLock({ workspace }, site.context),
    () => mergeLock({ workspace }, site.context),
    () => mergeLock({ workspace, files }, site.context),
  ])
    await assert.rejects(read(), { code: 'BASE_LIMIT_EXCEEDED', message: /prov\.lock/ });
  await assert.rejects(readLock('/dev/zero'), { code: 'BASE_LIMIT_EXCEEDED' });
});

test('a check finds what was edited in the lock and in what was installed, and nothing in a clean one', async (t) => {
  const { site, workspace } = await shop(t);
  const check = async (at: Workspace = workspace) => checkLock({ workspace: at }, site.context);
  const clean = await check();
  assert.deepEqual([clean.problems, clean.compared, clean.installed], [[], 2, 2]);
  const text = readFileSync(workspace.lockFile, 'utf8');
  const problemsOf = async (edited: string) => {
    writeFileSync(workspace.lockFile, edited);
    return (await check()).problems.map(({ problem }) => problem);
  };
  assert.deepEqual(await problemsOf(text.replace('lockVersion: 1\n', 'lockVersion: 1\n\n')), ['edited']);
  const layer = /layers:\n\s+- digest: (sha256:\w+)/.exec(text)![1]!;
  assert.deepEqual(await problemsOf(text.replace(layer, `sha256:${'0'.repeat(64)}`)), ['content']);
  assert.deepEqual(
    await problemsOf(
      text.replace(/- name: os\n(\s+range: \^1)\n(\s+)version: 1\.0\.0/, '- name: os\n$1\n$2version: 1.9.0'),
    ),
    ['dangling'],
  );
  writeFileSync(workspace.lockFile, text);
  const lock = (await resolveWorkspace({ workspace }, site.context)).lock;
  appendFileSync(join(moduleInstallDir(workspace.root, lock.extensions[0]!), 'manifest.yaml'), '# edited\n');
  assert.deepEqual(
    (await check()).problems.map(({ problem }) => problem),
    ['modified'],
  );
  const settings = join(workspace.root, SETTINGS);
  writeFileSync(settings, readFileSync(settings, 'utf8').replace('web: ^1', 'web: ^7'));
  const stale = await check(await reopen(site, workspace.root));
  assert.match(
    stale.problems.map(({ message }) => message).join(),
    /asks for taskserv web \^7; the lock holds 1\.0\.0/,
  );
  writeFileSync(workspace.lockFile, text.replace('lockVersion: 1', 'lockVersion: 2'));
  await assert.rejects(check(), { code: 'SCHEMAS_NEEDS_NEWER_PROV' });
});

test('an audit tells of yanked, unsigned, unlicensed and vanished versions', async (t) => {
  const { site, workspace } = await shop(t, { web: '^1', db: '^1' });
  const audit = async (licences: { allow: string[]; deny: string[] } = NONE) =>
    (await auditLock({ workspace, licences }, site.context)).findings
      .map(({ finding, name }) => `${finding} ${name}`)
      .sort();
  assert.deepEqual(await audit(), ['unsigned db', 'unsigned os', 'unsigned web']);
  assert.deepEqual(
    (await audit({ allow: [], deny: ['GPL-3.0-only'] })).filter((each) => each.startsWith('licence')),
    ['licence db'],
  );
  assert.deepEqual(
    (await audit({ allow: ['MIT'], deny: [] })).filter((each) => each.startsWith('licence')),
    ['licence db', 'licence os'],
  );
  const { createRemoteRegistry } = await import('#oci');
  const client = createRemoteRegistry({ registry: site.registry, env: site.context.env });
  t.after(() => client.close());
  await client.repository('team/db').deleteTag('1.0.0');
  assert.ok((await audit()).includes('gone db'));
  const rows = await listLicences(workspace, site.context);
  assert.deepEqual(
    rows.map(({ name, licence }) => [name, licence]),
    [
      ['db', 'GPL-3.0-only'],
      ['os', 'Apache-2.0'],
      ['web', 'MIT OR GPL-3.0-only'],
    ],
  );
  const signer = (await newKey()).signer;
  await site.publish({ name: 'extra' }, { signer });
});

test('bills of materials are the same each time and hold to their schemas', async (t) => {
  const { site, workspace } = await shop(t, { web: '^1', db: '^1' });
  const make = (format: 'cyclonedx' | 'spdx') => createSbom({ workspace, format }, site.context);
  const cyclonedx = await make('cyclonedx');
  assert.equal((await make('cyclonedx')).text, cyclonedx.text);
  const bom = JSON.parse(cyclonedx.text) as {
    components: { name: string }[];
    dependencies: { ref: string; dependsOn?: string[] }[];
  };
  assert.deepEqual(
    bom.components.map(({ name }) => name),
    ['db', 'os', 'web'],
  );
  const folder = join(projectRoot, 'node_modules/@cyclonedx/cyclonedx-library/res/schema');
  const schema = (name: string) =>
    JSON.parse(readFileSync(join(folder, `${name}.SNAPSHOT.schema.json`), 'utf8')) as object;
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const name of ['spdx', 'jsf-0.82']) {
    const { $id: _, ...rest } = schema(name) as { $id?: string };
    ajv.addSchema(rest, `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  }
  const validate = ajv.compile(schema('bom-1.6'));
  assert.ok(validate(bom), JSON.stringify(validate.errors));
  const web = bom.dependencies.find(({ ref }) => ref.startsWith('taskserv/web@'));
  assert.equal(web?.dependsOn?.length, 1);

  const spdx = await make('spdx');
  assert.equal((await make('spdx')).text, spdx.text);
  const document = JSON.parse(spdx.text) as {
    packages: { SPDXID: string; licenseDeclared: string; name: string }[];
    relationships: { spdxElementId: string; relatedSpdxElement: string }[];
  };
  const ids = new Set(['SPDXRef-DOCUMENT', ...document.packages.map(({ SPDXID }) => SPDXID)]);
  assert.equal(ids.size, 5, 'ids are unique');
  for (const id of ids) assert.match(id, /^SPDXRef-[A-Za-z0-9.-]+$/);
  for (const { spdxElementId, relatedSpdxElement } of document.relationships)
    assert.ok(ids.has(spdxElementId) && ids.has(relatedSpdxElement));
  assert.equal(document.packages.find(({ name }) => name === 'web')?.licenseDeclared, 'MIT OR GPL-3.0-only');
});

test('--locked --offline says everything that a pruned cache lacks before it acts, and dep fetch brings it back', async (t) => {
  const site = await openSite(t);
  const [{ signer }, sha256] = [await newKey(), digestOf('a tool').slice('sha256:'.length)];
  const tool = { name: 'tool', source: 'https://127.0.0.1:9/tool', sha256, size: 6 };
  await site.publish({ name: 'os' }, { signer });
  await site.publish({ name: 'web', manifest: { dependencies: { os: '^1' } } }, { signer });
  await site.publish({ name: 'db', manifest: { assets: [tool] } });
  // A registry that is not ours, so that everything is fetched and kept by itself.
  const proxy = await alteringProxy(t, site.registry);
  proxy.alter = asForeign;
  const workspace = await openShop({ ...site, registry: proxy.host }, { web: '^1' });
  await resolveWorkspace({ workspace }, site.context);
  const before = readFileSync(workspace.lockFile, 'utf8');
  const offline = { ...site.context, offline: true };
  const locked = () => resolveWorkspace({ workspace, locked: true }, offline);
  await locked();
  const lock = (await resolveWorkspace({ workspace }, site.context)).lock;
  const { signatures } = lock.extensions[0]!;
  const home = join(site.home, '.provisioning');
  // What was installed stays; os is gone altogether.
  rmSync(moduleInstallDir(workspace.root, lock.extensions[0]!), { recursive: true });
  rmSync(join(home, 'oci-cache'), { recursive: true });
  await assert.rejects(locked(), (error: ProvError) => {
    assert.equal(error.code, 'MANAGER_OFFLINE_MISSING');
    assert.match(error.hint, /prov dep fetch/);
    for (const digest of [signatures!.bundles![0]!, signatures!.legacy!])
      assert.match(error.message, new RegExp(`${digest} {2}signature of taskserv os 1\\.0\\.0`));
    for (const entry of lock.extensions) assert.ok(error.message.includes(contentDigestOf(entry)));
    return true;
  });
  assert.equal(existsSync(moduleInstallDir(workspace.root, lock.extensions[0]!)), false);

  // Resolving again without the signatures keeps what the lock knows of them.
  await fetchLock({ workspace }, site.context);
  const blob = (digest: string) => join(home, 'oci-cache/blobs', digest.replace(':', '/'));
  for (const digest of signatures!.bundles!) rmSync(blob(digest));
  writeFileSync(workspace.lockFile, before.replace('range: ^1', 'range: ^2'));
  const resolved = await resolveWorkspace({ workspace, install: false }, offline);
  assert.equal(resolved.resolved, true);
  assert.equal(readFileSync(workspace.lockFile, 'utf8'), before);
  await assert.rejects(locked(), { code: 'MANAGER_OFFLINE_MISSING', message: /lacks 1 of the pieces/ });
  await fetchLock({ workspace }, site.context);
  assert.deepEqual((await locked()).installed, ['os@1.0.0']);

  const other = await openShop(site, { db: '*' }, { name: 'other' });
  await resolveWorkspace({ workspace: other, install: false }, site.context);
  await assert.rejects(resolveWorkspace({ workspace: other, locked: true }, offline), {
    code: 'MANAGER_OFFLINE_MISSING',
    message: new RegExp(`sha256:${sha256} {2}asset tool of taskserv db 1\\.0\\.0`),
  });
});

test('fetching is enough for an offline install; a cycle has no order to run in and is printed', async (t) => {
  const { site, workspace } = await shop(t);
  rmSync(join(workspace.root, '.cache'), { recursive: true });
  rmSync(join(site.home, '.provisioning'), { recursive: true });
  const fetched = await fetchLock({ workspace }, site.context);
  assert.deepEqual([fetched.extensions, fetched.bytes > 0], [2, true]);
  const offline = { ...site.context, offline: true };
  const installed = await resolveWorkspace({ workspace, locked: true }, offline);
  assert.equal(installed.installed.length, 2);
  assert.deepEqual((await validateWorkspace(workspace, offline)).order, ['os', 'web']);
  rmSync(workspace.lockFile);
  const open = await validateWorkspace(workspace, offline);
  assert.deepEqual([open.locked, open.extensions], [false, 2]);

  await site.publish({ name: 'aa', manifest: { dependencies: { bb: '*' } } });
  await site.publish({ name: 'bb', manifest: { dependencies: { aa: '*' } } });
  const circle = await openShop(site, { aa: '*' }, { name: 'circle' });
  await resolveWorkspace({ workspace: circle, install: false }, site.context);
  await assert.rejects(validateWorkspace(circle, site.context), {
    code: 'RESOLVER_ORDER_CYCLE',
    message: /aa → bb → aa/,
  });
});
