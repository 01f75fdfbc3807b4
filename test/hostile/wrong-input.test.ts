import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cliPath } from '../support/project.js';
import { isolatedEnvironment, prov } from '../support/prov.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const PASSWORD = 'correct horse';

test('ordinary mistakes are errors with a code, never "a bug in prov"', async (t) => {
  const cwd = temporaryDirectory(t);
  const env = isolatedEnvironment(join(cwd, 'home'));
  mkdirSync(join(cwd, 'dir'));
  writeFileSync(join(cwd, 'file'), 'x');
  const cases: readonly [string, string, number][] = [
    ['ext pull bundle:dir', 'OCI_LAYOUT_INVALID', 1],
    ['ext pull oci-layout:nowhere#acme/tool:1.0.0', 'OCI_LAYOUT_INVALID', 1],
    ['mirror export --lock dir --output x.tar', 'BASE_FILE_UNREADABLE', 1],
    ['key generate --output file/x', 'BASE_FILE_UNWRITABLE', 1],
    ['registry start --port 0 --data file', 'BASE_FILE_UNWRITABLE', 1],
    ['ext tags tool --registry user:geheim@127.0.0.1:1 --namespace acme', 'CLI_USAGE', 2],
    ['mirror import file --to user:geheim@127.0.0.1:1', 'CLI_USAGE', 2],
    ['workspace init w --server a/b=tool', 'CLI_USAGE', 2],
    ['ext', 'CLI_USAGE', 2],
  ];
  for (const [line, code, exit] of cases) {
    const result = await prov([...line.split(' '), '--out', 'json'], { cwd, env });
    assert.equal(result.json.error?.code, code, `${line}\n${result.stdout}`);
    assert.equal(result.code, exit, line);
    assert.doesNotMatch(result.stdout + result.stderr, /geheim|\{where\}/, line);
  }
  assert.ok(!existsSync(join(cwd, 'nowhere')), 'reading makes no layout');
});

test('a wrong address for a registry is refused before the workspace is spoilt', async (t) => {
  const cwd = temporaryDirectory(t);
  const env = isolatedEnvironment(join(cwd, 'home'));
  await prov(['workspace', 'init', 'site', '--registry', 'main=127.0.0.1:5000/acme'], { cwd, env });
  const file = join(cwd, 'site', 'config', 'provisioning.yaml');
  const before = readFileSync(file, 'utf8');
  const args = ['workspace', 'registry', 'main', 'bad::url', '-w', 'site', '--out', 'json'];
  const { json, code } = await prov(args, { cwd, env });
  assert.equal(json.error?.code, 'WORKSPACE_REGISTRY_INVALID');
  assert.equal(code, 3);
  assert.equal(readFileSync(file, 'utf8'), before);
});

test('a key pair whose making was killed in the middle is completed with --if-missing', async (t) => {
  const cwd = temporaryDirectory(t);
  const env = isolatedEnvironment(join(cwd, 'home'), { PROVISIONING_SIGN_PASSWORD: PASSWORD });
  await prov(['key', 'generate', '--output', 'k'], { cwd, env });
  const pair = [readFileSync(join(cwd, 'k.key'), 'utf8'), readFileSync(join(cwd, 'k.pub'), 'utf8')];
  rmSync(join(cwd, 'k.pub'));
  const again = await prov(['key', 'generate', '--output', 'k', '--if-missing', '--out', 'json'], {
    cwd,
    env,
  });
  assert.equal(again.code, 0, again.stdout);
  assert.deepEqual(
    [readFileSync(join(cwd, 'k.key'), 'utf8'), readFileSync(join(cwd, 'k.pub'), 'utf8')],
    pair,
  );
});

test('of key generations at the same time one wins, and its halves belong together', async (t) => {
  const cwd = temporaryDirectory(t);
  const env = isolatedEnvironment(join(cwd, 'home'), { PROVISIONING_SIGN_PASSWORD: PASSWORD });
  const runs = await Promise.all(
    [1, 2, 3].map(() => prov(['key', 'generate', '--output', 'k', '--out', 'json'], { cwd, env })),
  );
  assert.deepEqual(
    runs.map(({ code }) => code).sort((a, b) => a - b),
    [0, 11, 11],
  );
  const pub = readFileSync(join(cwd, 'k.pub'), 'utf8');
  rmSync(join(cwd, 'k.pub'));
  await prov(['key', 'generate', '--output', 'k', '--if-missing'], { cwd, env });
  assert.equal(readFileSync(join(cwd, 'k.pub'), 'utf8'), pub);
  assert.deepEqual(
    readdirSync(cwd).filter((name) => name.startsWith('k')),
    ['k.key', 'k.pub'],
  );
});

test('records of registries that are damaged or vanish do not stop prov registry status', async (t) => {
  const cwd = temporaryDirectory(t);
  const env = isolatedEnvironment(join(cwd, 'home'));
  const folder = join(env['PROVISIONING_HOME']!, 'run', 'registry');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of [
    ['1.json', '{'],
    ['2.json', 'null'],
    ['3.json', '{"pid":"x"}'],
  ] as const)
    writeFileSync(join(folder, name), text);
  const { json, code } = await prov(['registry', 'status', '--out', 'json'], { cwd, env });
  assert.equal(code, 0);
  assert.deepEqual(json.data, { running: [] });
});

test('an output that cannot be written is a failure; one that nobody reads is not', async (t) => {
  const cwd = temporaryDirectory(t);
  const env = isolatedEnvironment(join(cwd, 'home'));
  await prov(['workspace', 'init', 'site'], { cwd, env });
  const through = (redirect: string) =>
    new Promise<number | null>((resolve) => {
      const line = `exec "$0" "$1" workspace show -w site --out json ${redirect}`;
      const child = spawn('/bin/sh', ['-c', line, process.execPath, cliPath], { cwd, env, stdio: 'ignore' });
      child.once('exit', resolve);
    });
  if (existsSync('/dev/full')) assert.equal(await through('> /dev/full'), 1);
  assert.equal(await through('> /dev/null'), 0);
});

test('what others wrote cannot move the cursor of who reads it', async (t) => {
  const cwd = temporaryDirectory(t);
  const env = isolatedEnvironment(join(cwd, 'home'));
  const evil = '\u001b[2K\rverified\u202e';
  const { stderr } = await prov(['ext', 'pull', `127.0.0.1:1/acme/${evil}:1.0.0`], { cwd, env });
  assert.match(stderr, /verified/);
  assert.doesNotMatch(stderr, /[\u001b\r\u202e]/);
});
