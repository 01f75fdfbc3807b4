import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { formatLock, type Lock, type LockEdge, type LockEntry, parseLock } from '#schemas';
import { hostPlatform, initWorkspace, moduleInstallDir } from '#workspace';
import { newKey, openSite, type Site } from '../manager/site.js';
import { snapshot, writeTree } from '../support/files.js';
import { isolatedEnvironment, type ProvResult, prov } from '../support/prov.js';
import { TOY_PROVIDER } from '../support/toy-provider.js';

/** Ways in which a lock is used. */
export const USES = {
  resolve: ['dep', 'resolve'],
  locked: ['dep', 'resolve', '--locked'],
  frozen: ['dep', 'resolve', '--frozen'],
  check: ['dep', 'lock', 'check'],
  deploy: ['deploy'],
} as const;
export type Use = keyof typeof USES;

const OPERATIONS = ['create', 'state', 'list', 'delete', 'start', 'stop', 'exec', 'allocate_port'];

/** Leaves its mark in the workspace; all extensions of the attacker say `mallory`. */
function task(mark: string): Record<string, string> {
  return {
    'scripts/install.mjs': `
const request = JSON.parse(await new Response(process.stdin).text());
const { appendFileSync } = await import('node:fs');
appendFileSync(process.cwd() + '/../../../../effects', ${JSON.stringify(`${mark}\n`)});
console.log(JSON.stringify({ type: 'result', changed: true, status: 'done', outputs: {} }));
`,
  };
}

/** A workspace that somebody else can write to, resolved and installed, with the registry that it is from. */
export interface LockStage {
  readonly site: Site;
  /** The lock as prov wrote it. */
  readonly good: Lock;
  readonly text: string;
  /** Entries by name that the attacker has from a lock of its own: well-formed, signed, of other places. */
  readonly foreign: ReadonlyMap<string, LockEntry>;
  /** A copy of the workspace, installed or not. */
  copy(state: 'installed' | 'fresh'): Place;
}

/** A copy of the workspace to attack. */
export interface Place {
  readonly root: string;
  readonly lockFile: string;
  readonly stage: LockStage;
  /** Changes the lock as somebody who knows its format. */
  lock(change: (lock: Lock) => Lock): void;
  /** Changes one entry. */
  entry(name: string, change: (entry: LockEntry) => LockEntry): void;
  edge(from: string, to: string, change: (edge: LockEdge) => LockEdge): void;
  /** Where an entry of the good lock is installed. */
  dir(name: string): string;
  run(use: Use, more?: { readonly env?: NodeJS.ProcessEnv }): Promise<ProvResult>;
  /** What is installed, by content. */
  installed(): Record<string, string>;
  effects(): string[];
}

export interface LockStageOptions {
  /** Whether the workspace has a trust policy. Default true. */
  readonly policy?: boolean;
  /** The lock is made two hours from now. */
  readonly later?: boolean;
  /** Lines below `resolution:`. */
  readonly resolution?: readonly string[];
  readonly requirements?: readonly {
    readonly kind: 'taskserv' | 'provider';
    readonly name: string;
    readonly range: string;
  }[];
}

export async function openLockStage(t: TestContext, options: LockStageOptions = {}): Promise<LockStage> {
  const site = await openSite(t);
  const { signer, publicKey } = await newKey();
  const publish = (
    name: string,
    version: string,
    manifest: Record<string, unknown> = {},
    { namespace = 'team', mark = `${name} ${version}` } = {},
  ) => site.publish({ name, version, manifest, files: task(mark) }, { signer, namespace });
  await site.publish(
    {
      name: 'toy',
      type: 'provider',
      manifest: {
        operations: Object.fromEntries(OPERATIONS.map((operation) => [operation, 'run/p.mjs'])),
      },
      files: { 'run/p.mjs': TOY_PROVIDER },
    },
    { signer },
  );
  const runtime = { runtime: { version: '1.0.0', exclusive: true } };
  await publish('os', '1.0.0');
  await publish('os', '1.1.0');
  await publish('os', '1.1.0', {}, { namespace: 'other', mark: 'mallory' });
  await publish('docker', '1.0.0', { provides: runtime });
  await publish('podman', '1.0.0', { provides: runtime });
  await publish('redis', '7.0.0', { dependencies: { os: '^1' } });
  await publish('redis', '7.1.0', { dependencies: { os: '^1' } });
  await publish('agent', '1.0.0');
  await publish('stray', '1.0.0', {}, { mark: 'mallory' });
  await publish('rival', '1.0.0', { conflicts: { redis: '*' } }, { mark: 'mallory' });
  await publish('picky', '1.0.0', { constraints: { redis: '<7' } }, { mark: 'mallory' });
  await publish('web', '1.0.0', {
    dependencies: {
      redis: '^7',
      os: '^1',
      runtime: '^1',
      agent: { version: '^1', platforms: [hostPlatform()] },
    },
    optional_dependencies: { pgbouncer: '^1' },
  });
  const env = isolatedEnvironment(site.home);
  const init = (name: string, namespace: string, requirements: LockStageOptions['requirements']) => {
    const root = join(site.folder, name);
    return initWorkspace(root, {
      name: 'stage',
      infra: 'main',
      provider: 'toy',
      registry: { id: 'main', url: site.registry, namespace },
      servers: [{ name: 'one', taskservs: ['web'] }],
      requirements: requirements ?? [],
    }).then(() => root);
  };
  const run = async (root: string, args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
    prov([...args, '--out', 'json'], { cwd: root, env: { ...env, ...more } });
  const later =
    options.later === true ? { SOURCE_DATE_EPOCH: String(Math.trunc(Date.now() / 1000) + 7200) } : {};
  const resolved = async (root: string) => {
    const { code, stdout, stderr } = await run(root, ['dep', 'resolve'], later);
    assert.equal(code, 0, stdout + stderr);
    const text = readFileSync(join(root, 'prov.lock'), 'utf8');
    return { text, lock: parseLock(text, 'prov.lock') };
  };
  const policy = `apiVersion: prov.dev/trust/v1
version: 1
default: deny
keys:
  team: {pem: ${JSON.stringify(publicKey.pem)}}
principals: {team: {keys: [team]}}
rules:
  - id: ours
    match: {repository: "team/**"}
    require: [{signature: {by: team}}]
  - id: theirs
    match: {repository: "other/**"}
    require: [{signature: {by: team}}]
`;
  const master = await init(
    'master',
    'team',
    options.requirements ?? [
      { kind: 'provider', name: 'toy', range: '*' },
      { kind: 'taskserv', name: 'web', range: '*' },
      { kind: 'taskserv', name: 'docker', range: '*' },
    ],
  );
  const settings = join(master, 'config/provisioning.yaml');
  if (options.resolution !== undefined)
    writeFileSync(
      settings,
      `${readFileSync(settings, 'utf8')}resolution:\n${options.resolution.map((line) => `  ${line}\n`).join('')}`,
    );
  const setPolicy = (root: string) =>
    options.policy === false ? root : writeTree(join(root, 'config'), { 'trust-policy.yaml': policy });
  setPolicy(master);
  const { text, lock: good } = await resolved(master);
  const foreign = new Map<string, LockEntry>();
  const learn = async (name: string, namespace: string, range = '*') => {
    const root = await init(`learn-${name}-${namespace}`, namespace, [{ kind: 'taskserv', name, range }]);
    setPolicy(root);
    const { lock } = await resolved(root);
    const [entry] = lock.extensions.filter((each) => each.name === name);
    foreign.set(`${namespace}/${name}${range === '*' ? '' : `@${range}`}`, entry!);
  };
  await learn('os', 'other');
  await learn('os', 'team', '1.0.0');
  await learn('redis', 'team', '7.0.0');
  for (const name of ['stray', 'rival', 'picky', 'podman', 'docker']) await learn(name, 'team');
  let count = 0;
  const stage: LockStage = {
    site,
    good,
    text,
    foreign,
    copy(state) {
      const root = join(site.folder, `place-${++count}`);
      cpSync(master, root, {
        recursive: true,
        filter: (path) => state === 'installed' || !path.startsWith(join(master, '.cache')),
      });
      return place(root, stage, (args, more) => run(root, args, more));
    },
  };
  return stage;
}

function place(
  root: string,
  stage: LockStage,
  run: (args: readonly string[], more?: NodeJS.ProcessEnv) => Promise<ProvResult>,
): Place {
  const lockFile = join(root, 'prov.lock');
  const self: Place = {
    root,
    lockFile,
    stage,
    lock(change) {
      const before = parseLock(readFileSync(lockFile, 'utf8'), lockFile);
      writeFileSync(lockFile, formatLock(change(before)));
    },
    entry(name, change) {
      self.lock((lock) => {
        assert.ok(
          lock.extensions.some((each) => each.name === name),
          name,
        );
        return {
          ...lock,
          extensions: lock.extensions.map((each) => (each.name === name ? change(each) : each)),
        };
      });
    },
    edge(from, to, change) {
      self.entry(from, (entry) => ({
        ...entry,
        dependencies: entry.dependencies.map((edge) => (edge.name === to ? change(edge) : edge)),
      }));
    },
    dir: (name) => moduleInstallDir(root, stage.good.extensions.find((entry) => entry.name === name)!),
    run: (use, more) => run(USES[use], more?.env),
    installed: () => installedIn(join(root, '.cache/modules')),
    effects: () => {
      const file = join(root, 'effects');
      return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    },
  };
  return self;
}

/** Files of all directories of modules, also of those that are reached by a link. */
function installedIn(modules: string): Record<string, string> {
  const list = (dir: string) =>
    existsSync(dir) ? readdirSync(dir).filter((name) => statSync(join(dir, name)).isDirectory()) : [];
  return Object.fromEntries(
    list(modules).flatMap((kinds) =>
      list(join(modules, kinds)).flatMap((name) =>
        Object.entries(snapshot(realpathSync(join(modules, kinds, name)))).map(([path, digest]) => [
          `${kinds}/${name}/${path}`,
          digest,
        ]),
      ),
    ),
  );
}

/** What a command made of an attacked workspace. */
export type Outcome = 'refused' | 'mended' | 'accepted';

/**
 * Runs a use and says what came of it. Whatever it was, nothing of the attacker may be installed or have run, a
 * refusal must have unpacked nothing and have a code of the catalogue, and what was mended is as it was.
 */
export async function outcomeOf(
  at: Place,
  use: Use,
): Promise<{ readonly outcome: Outcome; readonly code: string; readonly message: string }> {
  const attacked = { lock: readFileSync(at.lockFile, 'utf8'), installed: at.installed() };
  const { json, code, stdout, stderr } = await at.run(use);
  if (code !== 0) {
    const error = json.error ?? problemsOf(json.data);
    assert.ok(error !== undefined && code !== 70, `${code}\n${stdout}\n${stderr}`);
    assert.deepEqual(at.installed(), attacked.installed, 'a refusal unpacked something');
    assert.equal(readFileSync(at.lockFile, 'utf8'), attacked.lock, 'a refusal changed the lock');
    assert.deepEqual(at.effects(), [], 'a refusal ran something');
    return { outcome: 'refused', code: error.code, message: error.message };
  }
  assert.ok(!at.effects().includes('mallory'), 'what the attacker brought has run');
  const pristine = at.stage.copy('installed');
  const whole = readFileSync(at.lockFile, 'utf8') === at.stage.text;
  const tree = JSON.stringify(at.installed()) === JSON.stringify(pristine.installed());
  return {
    outcome: whole && tree && use !== 'deploy' && use !== 'check' ? 'mended' : 'accepted',
    code: '',
    message: '',
  };
}

/** What `prov dep lock check` found. */
function problemsOf(data: unknown): { readonly code: string; readonly message: string } | undefined {
  const { problems = [] } = (data ?? {}) as { problems?: readonly { problem: string; message: string }[] };
  if (problems.length === 0) return undefined;
  return {
    code: [...new Set(problems.map(({ problem }) => problem))].join(' '),
    message: problems.map(({ message }) => message).join('\n'),
  };
}
