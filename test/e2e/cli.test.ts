import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFaultRegistry } from '../fault-registry/index.js';
import { writeExtension } from '../support/extensions.js';
import { assertFailure, expectBothForms } from '../support/failures.js';
import { snapshot, unfinished, writeTree } from '../support/files.js';
import { processesLeft } from '../support/processes.js';
import { cliPath, projectRoot } from '../support/project.js';
import { isolatedEnvironment, type ProvOptions, prov, provData } from '../support/prov.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const packageVersion = (
  JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string }
).version;

test('--version prints the version of the package, in every form of output', async () => {
  const text = await prov(['--version']);
  assert.deepEqual([text.code, text.stdout, text.stderr], [0, `${packageVersion}\n`, '']);
  const json = await prov(['--version', '--out', 'json']);
  assert.deepEqual(json.json, { ok: true, data: { version: packageVersion } });
});

test('help is on stdout with exit code 0, and one document with --out json', async () => {
  const all = await prov(['--help']);
  assert.equal(all.code, 0);
  assert.equal(all.stderr, '');
  for (const group of ['ext', 'dep', 'workspace', 'deploy', 'mirror', 'key', 'registry'])
    assert.match(all.stdout, new RegExp(`^ {2}${group} .*\\w`, 'm'));
  const push = await prov(['ext', 'push', '--help']);
  assert.match(push.stdout, /^Usage: prov ext push /);
  assert.match(push.stdout, /Examples:\n {2}\$ prov ext push/);
  assert.equal((await prov(['help', 'ext', 'push'])).stdout, push.stdout);
  const json = await prov(['ext', 'push', '--help', '--out', 'json']);
  assert.deepEqual(json.json, { ok: true, data: { help: push.stdout } });
});

test('a group without a command shows its help on stderr and is a wrong usage', async () => {
  for (const args of [[], ['ext']]) {
    const shown = await prov(args);
    assert.deepEqual([shown.code, shown.stdout], [2, '']);
    assert.match(shown.stderr, /^Usage: prov/);
  }
  assertFailure(await prov(['ext', '--out', 'json']), {
    code: 'CLI_USAGE',
    exit: 2,
    message: /^prov ext needs the name of a command$/,
  });
});

test('unknown commands and options are a wrong usage with a suggestion', async () => {
  const cases: [string[], RegExp, RegExp][] = [
    [['ext', 'psh'], /unknown command 'psh'/, /Did you mean push\?/],
    [['exts', 'push'], /unknown command 'exts'/, /Did you mean ext\?/],
    [['push'], /unknown command 'push'/, /Did you mean prov ext push\?/],
    [['ext', 'push', '--sgin', '.'], /unknown option '--sgin'/, /Did you mean --sign\?/],
    [['ext', 'push'], /missing required argument 'dir'/, /--help/],
    [
      ['ext', 'push', '--vendor-assets', './app'],
      /missing required argument 'dir'/,
      /--vendor-assets took it/,
    ],
    [['ext', 'tags', 'a', 'b'], /too many arguments/, /--help/],
    [['ext', 'tags', 'redis', '--registry'], /argument missing/, /--help/],
    [['key', 'generate', '--algorithm', 'dsa'], /Allowed choices are ecdsa-p256/, /--help/],
    [['registry', 'start', '--port', '70000'], /takes a port from 0 to 65535, not "70000"/, /--help/],
  ];
  await Promise.all(
    cases.map(([args, message, hint]) =>
      expectBothForms(args, { code: 'CLI_USAGE', exit: 2, message, hint }),
    ),
  );
  const wrongForm = await prov(['ext', 'tags', 'redis', '--out', 'xml']);
  assert.equal(wrongForm.code, 2);
  assert.match(wrongForm.stderr, /Allowed choices are text, json, yaml, table, ndjson/);
});

test('--out is understood anywhere in the line, with = and as --format', async (t) => {
  const dir = writeExtension(temporaryDirectory(t), { name: 'demo' });
  const forms = [
    ['--out', 'json', 'ext', 'validate', dir],
    ['ext', '--out=json', 'validate', dir],
    ['ext', 'validate', dir, '--format', 'json'],
    ['ext', 'validate', '--format=json', dir],
  ];
  const results = await Promise.all(forms.map((args) => prov(args)));
  for (const result of results) {
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual((result.json.data as { valid: boolean }).valid, true);
  }
});

test('results and failures keep their form in text, yaml, table and ndjson', async (t) => {
  const parent = temporaryDirectory(t);
  const good = writeExtension(parent, { name: 'demo' });
  const run = (dir: string, out: string) => prov(['ext', 'pack', dir, '--out', out]);
  const [text, yaml, table, ndjson] = await Promise.all(
    ['text', 'yaml', 'table', 'ndjson'].map((out) => run(good, out)),
  );
  assert.match(text!.stdout, /^demo 1\.0\.0\nsha256:[0-9a-f]{64} \(/);
  assert.match(yaml!.stdout, /^digest: sha256:[0-9a-f]{64}$/m);
  assert.match(table!.stdout, /demo 1\.0\.0/);
  const events = ndjson!.stdout.trim().split('\n');
  const last = JSON.parse(events.at(-1)!) as Record<string, unknown>;
  assert.deepEqual([last['event'], last['ok']], ['done', true]);

  const missing = join(parent, 'missing');
  const [badText, badYaml, badTable, badNdjson] = await Promise.all(
    ['text', 'yaml', 'table', 'ndjson'].map((out) => run(missing, out)),
  );
  for (const result of [badText!, badTable!]) {
    assert.deepEqual([result.code, result.stdout], [5, '']);
    assert.match(result.stderr, /^error BASE_FILE_MISSING: .+\nhint .+\n$/);
  }
  assert.match(badYaml!.stdout, /^ok: false\nerror:\n {2}schema: 1\n {2}code: BASE_FILE_MISSING$/m);
  const failed = JSON.parse(badNdjson!.stdout) as { event: string; ok: boolean; error: { code: string } };
  assert.deepEqual([failed.event, failed.ok, failed.error.code], ['done', false, 'BASE_FILE_MISSING']);
});

test('without a terminal there is no colour and no progress line', async (t) => {
  const missing = join(temporaryDirectory(t), 'missing');
  const result = await prov(['ext', 'pack', missing], {
    env: { PATH: process.env['PATH'], FORCE_COLOR: '1' },
  });
  assert.equal(result.stderr.includes('\u001b'), false);
});

test('--debug shows the stack trace, and only --debug', async (t) => {
  const missing = join(temporaryDirectory(t), 'missing');
  const result = await prov(['ext', 'pack', missing, '--debug']);
  assert.match(result.stderr, /\n {4}at .+\n/);
  const json = await prov(['ext', 'pack', missing, '--debug', '--out', 'json']);
  assert.equal(json.json.error?.code, 'BASE_FILE_MISSING');
});

/** Runs a shell line in which `$prov` is the command; returns what the line wrote to stderr. */
function shell(line: string): string {
  const result = spawnSync('sh', ['-c', line], {
    env: { ...process.env, prov: `${process.execPath} ${cliPath}` },
    encoding: 'utf8',
    timeout: 60_000,
  });
  return result.stderr;
}

test('a reader that goes away ends nothing and is no error', () => {
  assert.equal(shell('{ $prov --help; echo "exit $?" >&2; } | true'), 'exit 0\n');
  assert.equal(
    shell('{ { $prov ext pack missing; echo "exit $?" >&3; } 2>&1 | true; } 3>&2'),
    'exit 5\n',
    'the exit code is that of the work, also when stderr has no reader',
  );
});

test('a full disk under the output is told on stderr', { skip: !existsSync('/dev/full') }, () => {
  for (const form of ['text', 'json']) {
    const told = shell(`$prov --version --out ${form} > /dev/full; echo "exit $?" >&2`);
    assert.match(told, /^error BASE_DISK_FULL: no space left .*\nhint .*\nexit 1\n$/);
  }
});

for (const [signal, exit, code] of [
  ['SIGINT', 130, 'BASE_INTERRUPTED'],
  ['SIGTERM', 143, 'BASE_TERMINATED'],
] as const) {
  test(`${signal} in the middle of a push: exit ${exit}, nothing published, the next push completes`, async (t) => {
    const folder = temporaryDirectory(t);
    mkdirSync(join(folder, 'tmp'));
    const registry = await startFaultRegistry();
    t.after(() => registry.close());
    const dir = writeExtension(folder, { name: 'demo', files: { 'data.bin': Buffer.alloc(300_000, 7) } });
    const before = snapshot(dir);
    const options: ProvOptions = {
      cwd: folder,
      env: isolatedEnvironment(folder, { TMPDIR: join(folder, 'tmp') }),
    };
    const push = ['ext', 'push', dir, '--registry', registry.host, '--namespace', 'team'];
    registry.fault({ method: 'PUT', path: /\/blobs\/uploads\//, does: { hang: true } });
    const running = prov([...push, '--out', 'json'], {
      ...options,
      onStart: async (child) => {
        while (registry.count('PUT', /\/blobs\/uploads\//) === 0) await sleep(20);
        child.kill(signal);
      },
    });
    assertFailure(await running, { code, exit, hint: /run the same command again/ });
    assert.equal(registry.model.repository('team/demo').tags.size, 0);
    assert.deepEqual(unfinished(folder), []);
    assert.deepEqual(readdirSync(join(folder, 'tmp')), []);
    assert.deepEqual(snapshot(dir), before);
    assert.deepEqual(await processesLeft(folder), []);
    const again = await provData<{ pushed: boolean; digest: string }>(push, options);
    assert.equal(again.pushed, true);
    assert.equal(registry.model.repository('team/demo').tags.get('1.0.0'), again.digest);
  });
}

/**
 * What each command line may load of packages, and how many bytes of code in all: what grows beyond it makes every
 * start slower. The limits are a fifth above what was loaded on 2026-11-27.
 */
const LOADED: readonly {
  readonly args: readonly string[];
  readonly packages: readonly string[];
  readonly maxKiB: number;
}[] = [
  { args: ['--version'], packages: [], maxKiB: 0 },
  { args: ['--version', '--out', 'json'], packages: ['commander'], maxKiB: 150 },
  { args: ['--help'], packages: ['commander'], maxKiB: 150 },
  { args: ['ext', 'push', '--help'], packages: ['commander'], maxKiB: 150 },
  {
    args: ['key', 'generate', '--output', 'DIR/key'],
    packages: ['commander', 'tweetnacl', 'zod'],
    maxKiB: 390,
  },
  { args: ['ext', 'validate', 'DIR/plain'], packages: ['commander', 'semver', 'yaml', 'zod'], maxKiB: 620 },
  {
    args: ['ext', 'pack', 'DIR/plain', '--output', 'DIR/layout'],
    packages: ['commander', 'semver', 'yaml', 'zod'],
    maxKiB: 730,
  },
  {
    args: ['ext', 'inspect', 'oci-layout:DIR/layout'],
    packages: ['commander', 'semver', 'yaml', 'zod'],
    maxKiB: 780,
  },
  {
    args: ['ext', 'pull', 'oci-layout:DIR/layout', '--destination', 'DIR/pulled'],
    packages: ['commander', 'semver', 'tar', 'zod'],
    maxKiB: 660,
  },
];

test('each command loads its own packages and no more', async (t) => {
  const folder = temporaryDirectory(t);
  writeTree(join(folder, 'plain'), {
    'manifest.yaml':
      'schema: 1\nname: plain\ntype: taskserv\nversion: 1.2.3\ndescription: x\nlicense: Apache-2.0\n',
    'README.md': '# plain\n',
  });
  for (const { args, packages, maxKiB } of LOADED) {
    const here = args.map((arg) => arg.replace('DIR', folder));
    const loaded = await loadedModules(here, folder);
    const found = loaded.flatMap(([id]) => /^packages\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.slice(1) ?? []);
    assert.deepEqual(
      found.filter((name) => !packages.includes(name)),
      [],
      args.join(' '),
    );
    const kib = loaded.reduce((sum, [, bytes]) => sum + bytes, 0) / 1024;
    assert.ok(kib <= maxKiB, `${args.join(' ')} loads ${Math.round(kib)} KiB, over ${maxKiB}`);
  }
});

test('help runs no code of a command', async (t) => {
  const folder = temporaryDirectory(t);
  const light =
    /^(?:base\/|cli\/[a-z-]+$|cli\/present\/|cli\/commands\/(?:[a-z]+\/)?[a-z-]*(?:specs|options|flags)$|packages\/commander$)/;
  const loaded = await loadedModules(['--help'], folder);
  assert.deepEqual(
    loaded.filter(([id]) => !light.test(id)),
    [],
  );
});

/** The modules that a command line runs, with the size of their code. */
async function loadedModules(
  args: readonly string[],
  folder: string,
): Promise<(readonly [string, number])[]> {
  const [hook, report] = [join(folder, 'hook.cjs'), join(folder, 'loaded.json')];
  writeTree(folder, {
    'hook.cjs': `process.on('exit', () => {
  const program = require.cache[${JSON.stringify(join(projectRoot, 'dist/program.cjs'))}];
  require('node:fs').writeFileSync(${JSON.stringify(report)}, JSON.stringify(program?.exports.evaluated() ?? []));
});`,
  });
  const env = isolatedEnvironment(folder, {
    NODE_OPTIONS: `--require=${hook}`,
    PROVISIONING_SIGN_PASSWORD: 'x',
  });
  const result = await prov(args, { cwd: folder, env });
  assert.equal(result.code, 0, result.stderr);
  const { modules } = JSON.parse(readFileSync(join(projectRoot, 'build/bundle-meta.json'), 'utf8')) as {
    modules: Record<string, number>;
  };
  const ids = JSON.parse(readFileSync(report, 'utf8')) as string[];
  return ids.map((id) => [id, modules[id]!]);
}
