import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { ProvError, redact } from '#base';
import type { ManagerContext } from '../context.js';

/** One test may take this long, in milliseconds. */
export const TEST_LIMIT_MS = 300_000;
/** Bytes kept of what a test prints: the end tells what went wrong. */
const OUTPUT_BYTES = 8 * 1024;
const MAX_TESTS = 1000;

export interface TestOutcome {
  readonly test: string;
  readonly durationMs: number;
}

export interface ExtensionUnderTest {
  readonly dir: string;
  readonly name: string;
  readonly version: string;
  /** Default 300,000. */
  readonly limitMs?: number | undefined;
}

/**
 * Runs the extension's own tests: the files `tests/*.sh`, `.mjs`, `.py` and `.nu` in the order of their names, each
 * in a fresh copy of the directory, with an environment of its own (PATH, a home, a temporary folder, the name and
 * version), no input, and a limit of time. Exit code 0 passes. What they start is ended with them. They are the
 * author's programs and may do what the author may.
 * @throws MANAGER_TESTS_FAILED for the first that fails.
 */
export async function runExtensionTests(
  extension: ExtensionUnderTest,
  context: ManagerContext,
): Promise<readonly TestOutcome[]> {
  const { dir, name } = extension;
  const outcomes: TestOutcome[] = [];
  for (const test of await testsIn(dir)) {
    context.signal?.throwIfAborted();
    context.onEvent?.({ event: 'test', message: `testing ${name}: ${test}`, test });
    const started = performance.now();
    const place = await mkdtemp(join(tmpdir(), 'prov-test-'));
    try {
      const copy = join(place, 'extension');
      await cp(dir, copy, {
        recursive: true,
        verbatimSymlinks: true,
        filter: () => {
          context.signal?.throwIfAborted();
          return true;
        },
      });
      for (const each of ['home', 'tmp']) await mkdir(join(place, each));
      await runTest({ test, place, copy, extension }, context);
    } finally {
      await rm(place, { recursive: true, force: true });
    }
    outcomes.push({ test, durationMs: Math.round(performance.now() - started) });
  }
  return outcomes;
}

async function testsIn(dir: string): Promise<readonly string[]> {
  const entries = await readdir(join(dir, 'tests'), { withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
      throw new ProvError(
        'BASE_FILE_UNREADABLE',
        { path: join(dir, 'tests'), reason: error.code ?? error.message },
        { cause: error },
      );
    },
  );
  const tests = entries
    .filter((entry) => entry.isFile() && commandOf(entry.name) !== undefined)
    .map((entry) => `tests/${entry.name}`)
    .sort();
  if (tests.length > MAX_TESTS)
    throw new ProvError('BASE_LIMIT_EXCEEDED', { what: `${dir}/tests`, limit: MAX_TESTS, unit: 'tests' });
  return tests;
}

function commandOf(file: string): readonly string[] | undefined {
  switch (extname(file)) {
    case '.sh':
      return ['sh'];
    case '.mjs':
      return [process.execPath];
    case '.py':
      return ['python3'];
    case '.nu':
      return ['nu', '--no-config-file'];
    default:
      return undefined;
  }
}

interface OneTest {
  readonly test: string;
  readonly place: string;
  readonly copy: string;
  readonly extension: ExtensionUnderTest;
}

async function runTest({ test, place, copy, extension }: OneTest, context: ManagerContext): Promise<void> {
  // From here on the listener below hears of it.
  context.signal?.throwIfAborted();
  const { name, version, limitMs = TEST_LIMIT_MS } = extension;
  const [command, ...args] = [...commandOf(test)!, join(copy, test)];
  const child = spawn(command!, args, {
    cwd: copy,
    // A group of its own, so that what it starts can be ended with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: context.env['PATH'],
      LANG: 'C.UTF-8',
      HOME: join(place, 'home'),
      TMPDIR: join(place, 'tmp'),
      PROV_EXTENSION_NAME: name,
      PROV_EXTENSION_VERSION: version,
    },
  });
  let output = '';
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-OUTPUT_BYTES);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let problem: string | undefined;
  const end = (reason?: string) => {
    problem ??= reason;
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  const timer = setTimeout(() => end(`it took longer than ${limitMs / 1000} s`), limitMs);
  const onAbort = () => end('interrupted');
  context.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await new Promise<void>((resolve) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        problem = error.code === 'ENOENT' ? `${command} is not installed` : error.message;
        resolve();
      });
      child.once('exit', (code, signal) => {
        if (code !== 0) problem ??= signal === null ? `it ended with ${code}` : `it was ended by ${signal}`;
        end();
      });
      child.once('close', () => resolve());
    });
  } finally {
    clearTimeout(timer);
    context.signal?.removeEventListener('abort', onAbort);
  }
  context.signal?.throwIfAborted();
  if (problem === undefined) return;
  const text = redact(output.trimEnd());
  const shown = text === '' ? '' : `\n${text}`;
  throw new ProvError('MANAGER_TESTS_FAILED', { test, name, reason: problem, output: shown });
}
