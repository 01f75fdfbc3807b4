import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeExtension } from '../support/extensions.js';
import { listFiles, snapshot } from '../support/files.js';
import { processesLeft } from '../support/processes.js';
import { projectRoot } from '../support/project.js';
import { type ProvOptions, prov, provData } from '../support/prov.js';
import { freePort } from '../support/registries.js';
import { type Cleanup, temporaryDirectory } from '../support/temporary-directory.js';

interface Account {
  readonly label: string;
  readonly identity?: { readonly uid: number; readonly gid: number };
}

/** Who this test can be: itself, and as root also an ordinary user that can start node. */
function accounts(): Account[] {
  const own = { label: process.getuid?.() === 0 ? 'root' : 'an ordinary user' };
  if (process.getuid?.() !== 0) return [own];
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' })),
  );
  const identity = { uid: uid!, gid: gid! };
  const reachable = spawnSync(process.execPath, ['-e', '0'], { ...identity, cwd: '/' }).status === 0;
  return [own, ...(reachable ? [{ label: 'an ordinary user', identity }] : [])];
}

/** What `npm install prov` would put in place, without a registry: the tarball and its runtime dependencies. */
function installPackage(t: Cleanup): string {
  const prefix = temporaryDirectory(t);
  chmodSync(prefix, 0o755);
  const packed = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', prefix], {
    cwd: projectRoot,
    encoding: 'utf8',
  }).trim();
  const modules = join(prefix, 'node_modules');
  mkdirSync(join(modules, 'prov'), { recursive: true });
  execFileSync('tar', ['-xzf', join(prefix, packed), '--strip-components=1', '-C', join(modules, 'prov')]);
  for (const name of runtimeDependencies())
    cpSync(join(projectRoot, 'node_modules', name), join(modules, name), {
      recursive: true,
      dereference: true,
    });
  execFileSync('chmod', ['-R', 'a+rX', prefix]);
  return prefix;
}

/** The dependencies of package.json and theirs, as far as they are installed for this platform. */
function runtimeDependencies(): string[] {
  const found = new Set<string>();
  const visit = (manifest: string) => {
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as {
      dependencies?: Record<string, string>;
      optionalDependencies?: Record<string, string>;
    };
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const path = join(projectRoot, 'node_modules', name, 'package.json');
      if (found.has(name) || !existsSync(path)) continue;
      found.add(name);
      visit(path);
    }
  };
  visit(join(projectRoot, 'package.json'));
  return [...found].sort();
}

const prefix = installPackage({ after });
const program = join(prefix, 'node_modules/prov/dist/prov.cjs');

test('the package carries the program, the extensions and their licences, and no test or source', () => {
  const root = join(prefix, 'node_modules/prov');
  const files = listFiles(root);
  for (const wanted of [
    'dist/prov.cjs',
    'dist/db-worker.js',
    'LICENSE',
    'README.md',
    'THIRD-PARTY-NOTICES.md',
  ])
    assert.ok(files.includes(wanted), wanted);
  assert.deepEqual(
    files.filter((path) => /\.test\.|\.tsbuildinfo$|^build\/|(?:^|\/)node_modules\//.test(path)),
    [],
  );
  for (const kinds of ['providers', 'taskservs', 'clusters'])
    for (const name of readdirSync(join(root, 'extensions', kinds)))
      assert.ok(files.includes(`extensions/${kinds}/${name}/manifest.yaml`), `${kinds}/${name}`);
});

for (const { label, identity } of accounts()) {
  test(`installed from the tarball into an empty prefix and run by ${label} with an empty home`, async (t) => {
    const home = temporaryDirectory(t);
    const dir = writeExtension(home, { name: 'demo', files: { 'docs/README.md': '# demo\n' } });
    mkdirSync(join(home, 'tmp'));
    if (identity) execFileSync('chown', ['-R', `${identity.uid}:${identity.gid}`, home]);
    if (identity) chownSync(home, identity.uid, identity.gid);
    const env = { PATH: process.env['PATH'], HOME: home, TMPDIR: join(home, 'tmp') };
    const options: ProvOptions = { cwd: home, env, program, ...(identity ? { identity } : {}) };
    const version = await prov(['--version'], options);
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);

    const port = await freePort();
    const started = await provData<{ url: string; pid: number }>(
      ['registry', 'start', '--port', String(port), '--data', 'registry'],
      options,
    );
    t.after(() => {
      try {
        process.kill(started.pid, 'SIGKILL');
      } catch {
        // It has been stopped.
      }
    });
    assert.equal(started.url, `http://127.0.0.1:${port}`);
    const push = ['ext', 'push', dir, '--registry', `127.0.0.1:${port}`, '--namespace', 'team'];
    const pushed = await provData<{ digest: string; pushed: boolean }>(push, options);
    assert.equal(pushed.pushed, true);
    const reference = `127.0.0.1:${port}/team/demo:1.0.0@${pushed.digest}`;
    await provData(['ext', 'pull', reference, '--destination', 'got'], options);
    assert.deepEqual(snapshot(join(home, 'got')), snapshot(dir));
    await provData(['registry', 'stop', '--port', String(port)], options);
    assert.deepEqual(await processesLeft(home), []);
    assert.deepEqual(readdirSync(join(home, 'tmp')), []);
    assert.deepEqual(readdirSync(home).sort(), ['.provisioning', 'demo-1.0.0', 'got', 'registry', 'tmp']);
  });
}

test('the registry of the package in the foreground ends well on Ctrl-C', async (t) => {
  const home = temporaryDirectory(t);
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [program, 'registry', 'start', '--foreground', '--port', String(port), '--data', join(home, 'data')],
    { env: { PATH: process.env['PATH'], HOME: home }, stdio: 'ignore' },
  );
  t.after(() => child.kill('SIGKILL'));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const deadline = Date.now() + 30_000;
  while (!(await answers(port))) {
    assert.ok(Date.now() < deadline, 'it answers within 30 s');
    await sleep(50);
  }
  child.kill('SIGINT');
  assert.equal(await ended, 0, 'Ctrl-C is how it is meant to end');
  assert.deepEqual(await processesLeft(home), []);
});

async function answers(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/v2/`)).ok;
  } catch {
    return false;
  }
}
