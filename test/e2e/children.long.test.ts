import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startFaultRegistry } from '../fault-registry/index.js';
import { writeExtension } from '../support/extensions.js';
import { prov } from '../support/prov.js';
import { createSandbox } from '../support/sandbox.js';

const PASSWORD = 'the-password-of-anna-3344';
const SEALED = 'what-seals-the-key-5566';

test('no child gets a secret by its arguments, and none but the helper that keeps them by its input', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const registry = await startFaultRegistry({
    auth: { type: 'bearer', users: [`anna:${PASSWORD}`], anonymousPull: false },
  });
  t.after(() => registry.close());
  const sandbox = createSandbox(t);
  const { root, work } = sandbox;
  const bin = join(root, 'bin');
  mkdirSync(bin);
  const seenByHelper = join(root, 'helper.env');
  const answer = JSON.stringify({ Username: 'anna', Secret: PASSWORD });
  const helper = `#!/bin/sh\nenv > '${seenByHelper}'\ncat '${join(root, 'answer.json')}'\nsleep 0.3\n`;
  writeFileSync(join(root, 'answer.json'), answer);
  writeFileSync(join(bin, 'docker-credential-vault'), helper, { mode: 0o755 });
  const docker = join(root, 'home', '.docker');
  mkdirSync(docker, { recursive: true });
  writeFileSync(join(docker, 'config.json'), JSON.stringify({ credHelpers: { [registry.host]: 'vault' } }));
  const seenByTest = join(root, 'test.env');
  const dir = writeExtension(work, {
    name: 'demo',
    files: { 'tests/look.sh': `#!/bin/sh\nenv > '${seenByTest}'\nsleep 0.3\n` },
  });
  const env = { ...sandbox.env, PATH: `${bin}:${sandbox.env['PATH']}`, PROVISIONING_SIGN_PASSWORD: SEALED };
  const options = { ...sandbox.options, env };
  const made = await prov(['key', 'generate', '--output', 'release'], options);
  assert.equal(made.code, 0, made.stderr);
  const key = readFileSync(join(work, 'release.key'), 'utf8');

  const lines = new Map<string, number>();
  let looking: NodeJS.Timeout | undefined;
  const publish = [
    'ext',
    'publish',
    dir,
    '--key',
    'release.key',
    '--registry',
    registry.host,
    '--namespace',
    'team',
  ];
  const result = await prov([...publish, '--debug'], {
    ...options,
    onStart: (child) => {
      looking = setInterval(() => {
        for (const line of commandLinesBelow(child.pid!)) lines.set(line, (lines.get(line) ?? 0) + 1);
      }, 20);
    },
  });
  clearInterval(looking);
  assert.equal(result.code, 0, result.stderr);
  const secrets = [PASSWORD, SEALED, Buffer.from(`anna:${PASSWORD}`).toString('base64'), key.split('\n')[1]!];
  assert.ok(
    [...lines.keys()].some((line) => line.includes('docker-credential-vault')),
    'the helper was seen',
  );
  assert.ok(
    [...lines.keys()].some((line) => line.includes('look.sh')),
    'the test was seen',
  );
  for (const line of lines.keys())
    for (const secret of secrets) assert.ok(!line.includes(secret), `a command line shows a secret: ${line}`);
  for (const file of [seenByTest, seenByHelper]) {
    assert.ok(existsSync(file), file);
    const text = readFileSync(file, 'utf8');
    for (const secret of secrets) assert.ok(!text.includes(secret), `${file} has a secret:\n${text}`);
  }
  for (const path of filesBelow(root).filter((each) => !each.endsWith('answer.json'))) {
    const text = readFileSync(path, 'latin1');
    for (const secret of secrets.slice(0, 3)) assert.ok(!text.includes(secret), `${path} has a secret`);
  }
  for (const secret of secrets)
    assert.ok(!`${result.stdout}${result.stderr}`.includes(secret), 'the output has a secret');
});

/** Command lines of a process and of all below it, with what their environment would not show. */
function commandLinesBelow(root: number): string[] {
  const parents = new Map<number, number>();
  const lines = new Map<number, string>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each)))
    try {
      const pid = Number(name);
      const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1];
      parents.set(pid, Number(parent));
      lines.set(pid, readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' '));
    } catch {
      // It ended meanwhile.
    }
  const below = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (pid === root || below(parents.get(pid)));
  return [...lines].filter(([pid]) => below(pid)).map(([, line]) => line);
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}
