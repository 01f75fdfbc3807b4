import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { cliPath } from './project.js';

export interface ProvResult {
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The document on stdout of a command with `--out json`. */
  readonly json: {
    ok: boolean;
    data?: unknown;
    error?: { code: string; message: string; hint: string; exit: number; details: Record<string, unknown> };
  };
}

export interface ProvOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Kills the command after this many milliseconds. Default 120,000. */
  readonly timeoutMs?: number;
  readonly input?: string;
  /** What runs the command, for example `withFileSizeLimit(8)`. */
  readonly wrapper?: readonly string[];
  /** Owner of the process; only root can set it. */
  readonly identity?: { readonly uid: number; readonly gid: number };
  /** Entry of another copy of the program. */
  readonly program?: string;
  readonly onStart?: (child: ChildProcess) => void;
}

/** An environment with its own home, so that nothing of this machine's user is read or written. */
export function isolatedEnvironment(home: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { PATH, LANG, TMPDIR } = process.env;
  return {
    PATH,
    LANG,
    TMPDIR,
    HOME: home,
    PROVISIONING_HOME: join(home, '.provisioning'),
    npm_config_cache: process.env['npm_config_cache'] ?? join(process.env['HOME'] ?? '/root', '.npm'),
    ...more,
  };
}

/** No file may grow beyond this many blocks of 512 bytes: what a full disk looks like to one process. */
export function withFileSizeLimit(blocks: number): readonly string[] {
  return ['sh', '-c', `ulimit -f ${blocks} && exec "$@"`, 'sh'];
}

/** Runs the built command line as a child process. */
export async function prov(args: readonly string[], options: ProvOptions = {}): Promise<ProvResult> {
  const [program, ...rest] = [
    ...(options.wrapper ?? []),
    process.execPath,
    options.program ?? cliPath,
    ...args,
  ];
  const child = spawn(program!, rest, {
    cwd: options.cwd,
    env: options.env,
    ...options.identity,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  options.onStart?.(child);
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 120_000);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, by) => resolve([status, by]));
  });
  clearTimeout(timer);
  return {
    code: code ?? -1,
    signal,
    stdout,
    stderr,
    get json() {
      const lines = stdout.trim().split('\n');
      if (lines.length !== 1) throw new Error(`not exactly one document on stdout:\n${stdout}\n${stderr}`);
      return JSON.parse(lines[0]!);
    },
  };
}

/** Runs a command that must succeed and returns its data. */
export async function provData<T>(args: readonly string[], options: ProvOptions = {}): Promise<T> {
  const result = await prov([...args, '--out', 'json'], options);
  if (result.code !== 0)
    throw new Error(`prov ${args.join(' ')} ended with ${result.code}\n${result.stdout}\n${result.stderr}`);
  return result.json.data as T;
}
