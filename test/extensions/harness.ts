import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ExtensionManifest,
  parseExtensionManifest,
  type ScriptEvent,
  scriptEventSchema,
} from '#schemas';

export const repository = fileURLToPath(new URL('../../../', import.meta.url));
export const extensionsRoot = join(repository, 'extensions');
const SCRIPT_TIMEOUT_MS = 120_000;

/** Who runs the scripts: root, or an ordinary user (`uid` given when the test itself is root). */
export interface Account {
  readonly label: string;
  readonly name: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly isRoot: boolean;
}

/** Every account this test run can be: as root also an ordinary user, otherwise only oneself. */
export function accounts(): Account[] {
  if (process.getuid?.() !== 0)
    return [{ label: 'an ordinary user', name: userInfo().username, isRoot: false }];
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' })),
  );
  const nobody = { label: 'an ordinary user', name: 'nobody', uid: uid!, gid: gid!, isRoot: false };
  const reachable = spawnSync(process.execPath, ['-e', '0'], { uid: uid!, gid: gid!, cwd: '/' }).status === 0;
  return [{ label: 'root', name: 'root', isRoot: true }, ...(reachable ? [nobody] : [])];
}

/** Whether the account can read a file, directories above it included. */
export function canRead(account: Account, path: string): boolean {
  const identity = account.uid === undefined ? {} : { uid: account.uid, gid: account.gid! };
  return spawnSync('test', ['-r', path], { cwd: '/', ...identity }).status === 0;
}

export type ScriptResult = Extract<ScriptEvent, { type: 'result' }>;
export interface ScriptRun {
  readonly code: number | null;
  readonly events: ScriptEvent[];
  readonly result: ScriptResult;
  /** The result's outputs; empty when it has none. */
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly stderr: string;
}
export type RequestParts = Record<string, unknown>;

/** A directory of its own for one test, with copies of extensions that its account can read. */
export class Stage {
  readonly account: Account;
  readonly dir: string;
  readonly #prepared = new Map<string, ExtensionManifest>();

  constructor(account: Account) {
    this.account = account;
    this.dir = realpathSync(mkdtempSync(join(tmpdir(), 'prov-extensions-')));
    chmodSync(this.dir, 0o755);
    if (account.uid !== undefined) chownSync(this.dir, account.uid, account.gid!);
  }

  get serversRoot(): string {
    return join(this.dir, 'servers');
  }

  /** Runs one operation of a shipped extension (`taskservs/os`) as the runtime would. */
  async run(extension: string, op: string, parts: RequestParts = {}): Promise<ScriptRun> {
    const manifest = this.prepare(extension);
    const script = manifest.scripts?.[op] ?? manifest.operations?.[op];
    if (script === undefined) throw new Error(`${extension} has no script for ${op}`);
    const dir = join(this.dir, extension);
    const request = {
      contract: 1,
      op,
      dry_run: false,
      workflow: 'w-1',
      task: `${op}-${manifest.name}`,
      attempt: 1,
      idempotency_key: 'k-1',
      deadline_ms: SCRIPT_TIMEOUT_MS,
      extension: { kind: manifest.type, name: manifest.name, version: manifest.version, dir },
      target: { provider: 'local', server: 'node-1' },
      config: {},
      assets: {},
      outputs: {},
      ...parts,
    };
    return runScript(this.#commandLine(join(dir, script), parts), JSON.stringify(request), this.account);
  }

  prepare(extension: string): ExtensionManifest {
    const known = this.#prepared.get(extension);
    if (known !== undefined) return known;
    const from = join(extensionsRoot, extension);
    const text = readFileSync(join(from, 'manifest.yaml'), 'utf8');
    const manifest = parseExtensionManifest(text, 'manifest.yaml', '0.1.0').value;
    ensureLibraries(from);
    cpSync(from, join(this.dir, extension), { recursive: true });
    this.#prepared.set(extension, manifest);
    return manifest;
  }

  /** The assets of this machine's platform, fetched with npm, checked, and readable by the account. */
  assets(extension: string): Record<string, { path: string; sha256: string; size: number }> {
    const here = `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`;
    const declared = this.prepare(extension).assets ?? [];
    const mine = declared.filter((each) => each.platform === undefined || each.platform === here);
    const folder = join(this.dir, 'assets');
    mkdirSync(folder, { recursive: true });
    return Object.fromEntries(
      mine.map(({ name, source, sha256 }) => {
        const path = join(folder, sha256);
        if (!existsSync(path)) copyFileSync(fetchAsset(source.replace(/^npm:/, ''), sha256), path);
        chmodSync(path, 0o644);
        return [name, { path, sha256, size: readFileSync(path).length }];
      }),
    );
  }

  /** Forgets copied assets, for a test that has damaged one. */
  dropAssets(): void {
    rmSync(join(this.dir, 'assets'), { recursive: true, force: true });
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  #commandLine(script: string, parts: RequestParts): string[] {
    if (script.endsWith('.mjs')) return [process.execPath, script];
    const target = parts['target'] as { prefix: string };
    return [join(target.prefix, 'bin', 'nu'), '--no-config-file', '--no-std-lib', '--stdin', script];
  }
}

/** The build makes these; a test that runs before any build makes them itself. */
function ensureLibraries(extension: string): void {
  if (existsSync(join(extension, 'lib', 'shared.bundle.mjs'))) return;
  execFileSync(process.execPath, [join(repository, 'scripts', 'bundle-extension-libs.mjs')], {
    stdio: 'inherit',
  });
}

/** `npm pack` once a machine: kept under prov's home by digest. */
function fetchAsset(spec: string, sha256: string): string {
  const cache = join(process.env['PROVISIONING_HOME'] ?? join(homedir(), '.provisioning'), 'test-assets');
  const cached = join(cache, sha256);
  if (existsSync(cached)) return cached;
  mkdirSync(cache, { recursive: true });
  const staging = mkdtempSync(join(cache, 'pack-'));
  try {
    execFileSync('npm', ['pack', spec, '--silent', '--pack-destination', staging], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [name] = readdirSync(staging);
    const packed = join(staging, name!);
    const actual = createHash('sha256').update(readFileSync(packed)).digest('hex');
    if (actual !== sha256) throw new Error(`${spec} has sha256 ${actual}, the manifest says ${sha256}`);
    renameSync(packed, cached);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return cached;
}

async function runScript(argv: string[], input: string, account: Account): Promise<ScriptRun> {
  const [program, ...rest] = argv;
  const child = spawn(program!, rest, {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '' },
    timeout: SCRIPT_TIMEOUT_MS,
    ...(account.uid === undefined ? {} : { uid: account.uid, gid: account.gid! }),
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    texts.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.stderr += text;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const events = texts.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => scriptEventSchema.parse(JSON.parse(line)));
  const result = events.filter((each): each is ScriptResult => each.type === 'result').at(-1);
  const said = result ?? { type: 'result' as const, message: texts.stderr };
  return { code, events, result: said, outputs: said.outputs ?? {}, stderr: texts.stderr };
}

/** Whether a process runs; a zombie that nobody has buried does not. */
export function isRunning(pid: number): boolean {
  const ps = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return ps.status === 0 && !ps.stdout.trim().startsWith('Z');
}

/** Processes of which the command line or environment names `text`. */
export function processesNaming(text: string): string[] {
  const ps = spawnSync('ps', ['-e', 'ww', '-o', 'pid=,stat=,args='], { encoding: 'utf8' });
  return ps.stdout
    .split('\n')
    .filter((line) => line.includes(text) && !/^\s*\d+\s+Z/.test(line) && !line.includes('ps -e'));
}

/** Asks until `ready` says so. */
export async function eventually<T>(
  ask: () => Promise<T>,
  ready: (value: T) => boolean,
  timeoutMs = 20_000,
): Promise<T> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const value = await ask();
    if (ready(value)) return value;
    if (Date.now() > until) throw new Error(`still not so after ${timeoutMs} ms: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
