import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { commandTable } from '../../cli/command-table.js';
import { startFaultRegistry } from '../fault-registry/index.js';
import { writeExtension } from '../support/extensions.js';
import type { CommandRun } from '../support/run-commands.js';
import { createSandbox, type Sandbox } from '../support/sandbox.js';

/** Runs command lines one after the other in one process, so that every command can be tried. */
async function runAll(
  { root, work, env }: Sandbox,
  lines: readonly (readonly string[])[],
): Promise<CommandRun[]> {
  const [input, output] = [join(root, 'lines.json'), join(root, 'results.json')];
  writeFileSync(input, JSON.stringify(lines));
  const driver = fileURLToPath(new URL('../support/run-commands.js', import.meta.url));
  const running = promisify(execFile)(process.execPath, [driver, input, output], {
    cwd: work,
    env,
    timeout: 300_000,
  });
  running.child.stdin?.end();
  const { stdout } = await running;
  assert.equal(stdout, '', 'nothing was written past the printer');
  return JSON.parse(readFileSync(output, 'utf8')) as CommandRun[];
}

interface Failed {
  ok: boolean;
  error: { code: string; message: string; hint: string; exit: number };
}

function assertOneDocument({ args, exit, stdout }: CommandRun): Failed {
  const line = args.join(' ');
  assert.equal(stdout.split('\n').length, 2, `${line}: one line\n${stdout}`);
  assert.ok(stdout.endsWith('\n'), line);
  const document = JSON.parse(stdout) as Failed & { data: unknown };
  assert.deepEqual(Object.keys(document), ['ok', document.ok ? 'data' : 'error'], line);
  if (document.ok) return document;
  const { code, message, hint } = document.error;
  assert.match(code, /^[A-Z]+_[A-Z_]+$/, line);
  assert.ok(message.length > 0 && hint.length > 0, `${line}: ${stdout}`);
  assert.equal(document.error.exit, exit, line);
  assert.notEqual(exit, 0, line);
  return document;
}

function assertEvents({ args, stdout }: CommandRun): void {
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { v: number; event: string; ok?: boolean });
  const line = args.join(' ');
  for (const { v, event } of events) assert.ok(v === 1 && typeof event === 'string', `${line}\n${stdout}`);
  assert.equal(events.filter(({ event }) => event === 'done').length, 1, `${line}\n${stdout}`);
  assert.equal(events.at(-1)?.event, 'done', line);
  assert.equal(typeof events.at(-1)?.ok, 'boolean', line);
}

const paths = commandTable.flatMap(({ path, aliases = [] }) => [path, ...aliases]);

test('every command and alias that is used wrongly says so in one document, and in one event', async (t) => {
  const sandbox = createSandbox(t);
  for (const out of ['json', 'ndjson']) {
    const runs = await runAll(
      sandbox,
      paths.map((path) => [...path, '--no-such-option', '--out', out]),
    );
    for (const run of runs) {
      if (out === 'ndjson') assertEvents(run);
      else assert.equal(assertOneDocument(run).error.code, 'CLI_USAGE', run.args.join(' '));
      assert.equal(run.exit, 2);
    }
  }
});

test('every command whose work fails, or has nothing to do, prints one document', async (t) => {
  const sandbox = createSandbox(t);
  const unreachable = ['--registry', '127.0.0.1:1', '--timeout', '2'];
  const lines = commandTable
    .filter(({ path }) => !STARTS.includes(path.join(' ')))
    .map(({ path, args = [], options = [] }) => [
      ...path,
      ...args.filter(({ optional }) => !optional).map(({ name }) => VALUES[name] ?? 'absent'),
      ...(options.some(({ flags }) => flags.startsWith('--registry ')) ? unreachable.slice(0, 2) : []),
      ...(options.some(({ flags }) => flags.startsWith('--timeout ')) ? unreachable.slice(2) : []),
      '--out',
      'json',
    ]);
  for (const run of await runAll(sandbox, lines)) assertOneDocument(run);
});

/** Runs until it is stopped. */
const STARTS = ['registry start'];
const VALUES: Readonly<Record<string, string>> = {
  kind: 'taskserv',
  'name@version': 'absent@1.0.0',
  url: '127.0.0.1:1',
};

test('commands that succeed print one document; with --out ndjson events, the last of them the result', async (t) => {
  const sandbox = createSandbox(t);
  const lines = await successes(t, sandbox);
  for (const out of ['json', 'ndjson']) {
    const runs = await runAll(
      sandbox,
      lines(out).map((line) => [...line, '--out', out]),
    );
    const failed = runs.filter(({ exit }) => exit !== 0);
    assert.deepEqual(
      failed.map(({ args, stdout }) => `${args.join(' ')}\n${stdout.slice(0, 600)}`),
      [],
    );
    for (const run of runs) {
      if (out === 'ndjson') assertEvents(run);
      else assertOneDocument(run);
    }
  }
});

/** Command lines that do their work, each with names of its own for either form. Those that start services stand elsewhere. */
async function successes(t: TestContext, { work }: Sandbox): Promise<(form: string) => string[][]> {
  const registry = await startFaultRegistry();
  t.after(() => registry.close());
  return (form) => {
    const at = ['--registry', registry.host, '--namespace', form];
    const key = ['--key', `${form}.key`];
    const dir = writeExtension(join(work, form), { name: 'demo', version: '1.0.0' });
    const next = writeExtension(join(work, form), { name: 'demo', version: '1.1.0' });
    writeFileSync(join(work, 'sbom.json'), '{"spdxVersion":"SPDX-2.3"}');
    const ext = (...args: string[]) => ['ext', ...args];
    const inSite = (...args: string[]) => [...args, '-w', `${form}-site`];
    return [
      ['key', 'generate', '--output', form],
      ext('validate', dir),
      ext('pack', dir, '--output', `${form}-layout`),
      ext('package', dir, '--output', `${form}.tar.gz`),
      ext('inspect-artifact', `${form}.tar.gz`),
      ext('push', dir, ...at, '--dry-run'),
      ext('push', dir, ...at),
      ext('sign', 'demo:1.0.0', ...key, ...at),
      ext('publish', next, ...key, ...at),
      ext('attach', 'demo:1.0.0', 'sbom.json', ...at),
      ext('list', ...at),
      ext('search', 'demo', ...at),
      ext('tags', 'demo', ...at),
      ext('info', 'demo:1.0.0', ...at),
      ext('tag', 'demo:1.0.0', 'stable', ...at),
      ext('untag', 'demo:stable', ...at),
      ext('inspect', 'demo:1.0.0', ...at),
      ext('config', ...at),
      ext('verify', 'demo:1.0.0', '--key', `${form}.pub`, ...at),
      ext('discover', 'demo:1.0.0', ...at),
      ext('pull', 'demo:1.0.0', '--destination', `${form}-pulled`, ...at),
      ext('copy', `${registry.host}/${form}/demo:1.0.0`, `${registry.host}/${form}-copy/demo`),
      ext('export', 'demo:1.0.0', '--output', `${form}.tar`, ...at),
      ext('import', `${form}.tar`, '--to', registry.host, '--namespace', `${form}-imported`),
      ext('deprecate', 'demo:1.0.0', '--reason', 'old', ...key, ...at),
      ext('yank', 'demo:1.0.0', '--reason', 'older', ...key, ...at),
      ext('revoke', 'demo:1.0.0', '--reason', 'bad', ...key, ...at),
      ['index', 'rebuild', 'demo', ...at],
      ['auth', 'explain', `${registry.host}/${form}/demo`],
      ['logout', '--all'],
      [
        'workspace',
        'init',
        `${form}-site`,
        '--registry',
        `main=${registry.host}/${form}`,
        '--server',
        'app=demo',
      ],
      inSite('workspace', 'show'),
      inSite('config', 'explain'),
      inSite('workspace', 'registry', 'main', registry.host),
      inSite('dep', 'add', 'taskserv/demo@^1.1', '--yes', '--allow-local'),
      inSite('dep', 'resolve', '--allow-local'),
      inSite('dep', 'tree'),
      inSite('dep', 'validate'),
      inSite('dep', 'audit'),
      inSite('dep', 'licenses'),
      inSite('dep', 'sbom'),
      inSite('dep', 'fetch'),
      inSite('dep', 'diff', `${form}-site/prov.lock`, `${form}-site/prov.lock`),
      inSite('dep', 'lock', 'check'),
      inSite('dep', 'why', 'demo'),
      inSite('dep', 'why-not', 'demo@1.1.0'),
      inSite('dep', 'outdated'),
      inSite('dep', 'check-updates'),
      inSite('dep', 'update', '--yes'),
      ['mirror', 'export', '--lock', `${form}-site/prov.lock`, '--output', `${form}.bundle.tar`],
      ['mirror', 'inspect', `${form}.bundle.tar`],
      inSite('dep', 'remove', 'taskserv/demo', '--yes'),
      ext('delete', 'demo:1.0.0', '--force', ...at),
      ['registry', 'status'],
      ['completion', 'bash'],
    ];
  };
}

test('what is not there and what cannot be written is told by its path, in the words of the file system', async (t) => {
  const sandbox = createSandbox(t);
  const { work } = sandbox;
  const dir = writeExtension(work, { name: 'demo' });
  writeFileSync(join(work, 'file'), 'x');
  const expected: readonly (readonly [string[], string, RegExp])[] = [
    [['ext', 'inspect-artifact', 'absent.tar.gz'], 'BASE_FILE_MISSING', /absent\.tar\.gz does not exist/],
    [
      ['ext', 'pull', 'oci-layout:absent'],
      'OCI_LAYOUT_INVALID',
      /absent is not .*there is no such directory/,
    ],
    [
      ['ext', 'export', `oci-layout:layout`, '--output', 'file/x.tar'],
      'BASE_FILE_UNWRITABLE',
      /file\/x\.tar: ENOTDIR/,
    ],
    [
      ['ext', 'pull', 'oci-layout:layout', '--destination', 'file/x'],
      'BASE_FILE_UNWRITABLE',
      /file\/x: ENOTDIR/,
    ],
  ];
  const lines = [['ext', 'pack', dir, '--output', 'layout'], ...expected.map(([args]) => args)];
  const [packed, ...runs] = await runAll(
    sandbox,
    lines.map((line) => [...line, '--out', 'json']),
  );
  assert.equal(packed?.exit, 0, packed?.stdout);
  for (const [i, [, code, message]] of expected.entries()) {
    const { error } = assertOneDocument(runs[i]!);
    assert.deepEqual([error.code, message.test(error.message)], [code, true], error.message);
  }
});
