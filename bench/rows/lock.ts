import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { initWorkspace } from '#workspace';
import { cliPath } from '../../test/support/project.js';
import { NAMESPACE, PACKAGES, publishGraph } from '../lock-graph.js';
import { type Row, ratioAtMost } from '../row.js';
import type { Site } from '../site.js';
import { timeProgram } from '../time-program.js';

const REGISTRY = join(import.meta.dirname, '../npm-registry.js');
/** Of npm, which asks for every package by itself; of pnpm, which does too but keeps a faster cache. */
const GOALS = { npm: 0.1, pnpm: 1 } as const;
const FETCH_PNPM_MS = 60_000;
const STATES = ['cold', 'warm', 'current'] as const;
type State = (typeof STATES)[number];
const TITLES: Readonly<Record<State, string>> = { cold: 'cold', warm: 'warm', current: 'up to date' };

interface Peer {
  readonly name: 'npm' | 'pnpm';
  readonly args: readonly string[];
  readonly lock: string;
  readonly cache: string;
}

/** Locking one graph of 850 packages with our registry, and with npm and pnpm from a registry of theirs on loopback. */
export function lockRows(site: Site): Row[] {
  const npm = npmProgram();
  const peers = lazy(() => preparePeers(site, npm));
  const workspace = lazy(() => prepareWorkspace(site));
  const ours = async (state: State) => {
    const root = await workspace();
    const home = join(root, 'home');
    if (state !== 'current') rmSync(join(root, 'prov.lock'), { force: true });
    // What is known of packages, as the caches of npm and pnpm; compiled code stays for all three.
    if (state === 'cold')
      for (const cache of ['metadata-cache', 'oci-cache'])
        rmSync(join(home, cache), { recursive: true, force: true });
    const locked = state === 'current' ? ['--locked'] : [];
    const env = { ...site.env, HOME: home, PROVISIONING_HOME: home };
    const args = [cliPath, 'dep', 'resolve', '--no-install', ...locked];
    const measured = timeProgram(process.execPath, args, { cwd: root, env });
    assertWhole(join(root, 'prov.lock'));
    return measured;
  };
  const theirs = async (name: Peer['name'], state: State) => {
    const peer = (await peers()).find((each) => each.name === name);
    if (peer === undefined) throw new Error(`${name} could not be had`);
    const cwd = site.path(`lock-${name}`);
    if (state !== 'current') rmSync(join(cwd, peer.lock), { force: true });
    if (state === 'cold') rmSync(peer.cache, { recursive: true, force: true });
    const measured = timeProgram(process.execPath, peer.args, { cwd, env: { ...site.env, HOME: cwd } });
    assertWhole(join(cwd, peer.lock));
    return measured;
  };
  return (['npm', 'pnpm'] as const).flatMap((name) =>
    STATES.map(
      (state): Row => ({
        id: `lock.${state}-${name}`,
        title: `lock ${PACKAGES} packages, ${TITLES[state]}, against ${name}`,
        unit: 'ms',
        better: 'lower',
        skip: npm === undefined ? 'npm is absent' : undefined,
        candidate: { name: 'prov dep resolve --no-install', measure: () => ours(state) },
        peer: {
          name: name === 'npm' ? 'npm install --package-lock-only' : 'pnpm install --lockfile-only',
          measure: () => theirs(name, state),
        },
        goal: ratioAtMost(GOALS[name]),
        warmUp: state !== 'cold',
        async prepare() {
          if (state === 'cold') return;
          await ours('warm');
          await theirs(name, 'warm');
        },
        ...(site.quick && { maxRounds: name === 'npm' ? 1 : 2 }),
        note: 'every digest of manifest and config is checked on our side; npm and pnpm take what packuments say',
      }),
    ),
  );
}

/** A lock without the last package of the graph is no result. */
function assertWhole(lock: string): void {
  if (!readFileSync(lock, 'utf8').includes(`p${PACKAGES - 1}`)) throw new Error(`${lock} is not whole`);
}

function lazy<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

async function prepareWorkspace(site: Site): Promise<string> {
  const { host } = await site.ownRegistry();
  await publishGraph(host);
  const root = site.path('lock-prov');
  await initWorkspace(root, {
    name: 'bench',
    infra: 'main',
    provider: 'local',
    registry: { id: 'main', url: host, namespace: NAMESPACE },
    requirements: [{ kind: 'taskserv', name: 'p0', range: '^1.0.0' }],
  });
  return root;
}

async function preparePeers(site: Site, npm: string | undefined): Promise<readonly Peer[]> {
  const registry = await startRegistry(site);
  const pnpm = npm === undefined ? undefined : fetchPnpm(site, npm);
  const peers: Peer[] = [];
  for (const [name, program] of [
    ['npm', npm],
    ['pnpm', pnpm],
  ] as const) {
    if (program === undefined) continue;
    const cwd = site.path(`lock-${name}`);
    mkdirSync(cwd);
    const fields = { name: 'bench', version: '1.0.0', private: true, dependencies: { p0: '^1.0.0' } };
    writeFileSync(join(cwd, 'package.json'), JSON.stringify(fields));
    const cache = join(cwd, 'cache');
    const at = [`--registry=${registry}`, '--ignore-scripts'];
    peers.push(
      name === 'npm'
        ? {
            name,
            args: [
              program,
              'install',
              '--package-lock-only',
              '--no-audit',
              '--no-fund',
              `--cache=${cache}`,
              ...at,
            ],
            lock: 'package-lock.json',
            cache,
          }
        : {
            name,
            args: [program, 'install', '--lockfile-only', `--config.cache-dir=${cache}`, ...at],
            lock: 'pnpm-lock.yaml',
            cache,
          },
    );
  }
  return peers;
}

/** Started by itself: whoever times a program does not answer requests meanwhile. */
async function startRegistry(site: Site): Promise<string> {
  const child = spawn(process.execPath, [REGISTRY], { stdio: ['ignore', 'pipe', 'inherit'] });
  site.onClose(() => void child.kill());
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the registry of npm packages ended with ${code}`)));
    child.stdout.once('data', (line: Buffer) => resolve(line.toString().trim()));
  });
}

/** The newest pnpm, into the directory of this run; undefined where it cannot be had or does not run on this Node. */
function fetchPnpm(site: Site, npm: string): string | undefined {
  const folder = site.folder('pnpm');
  const install = ['install', 'pnpm', '--ignore-scripts', '--no-audit', '--no-fund', `--prefix=${folder}`];
  const quiet = { stdio: 'ignore', timeout: FETCH_PNPM_MS, cwd: folder } as const;
  if (spawnSync(process.execPath, [npm, ...install], quiet).status !== 0) return undefined;
  const program = ['pnpm.cjs', 'pnpm.mjs']
    .map((file) => join(folder, 'node_modules/pnpm/bin', file))
    .find((path) => existsSync(path));
  if (program === undefined) return undefined;
  return spawnSync(process.execPath, [program, '--version'], quiet).status === 0 ? program : undefined;
}

function npmProgram(): string | undefined {
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'npm'))
    .find((path) => existsSync(path));
  return found && realpathSync(found);
}
