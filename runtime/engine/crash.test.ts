import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { crashWorkspace } from '../testing/crash-workspace.js';
import { ToyWorkspace } from '../testing/toy-workspace.js';
import { deploy } from './deploy.js';
import { openRuntime } from './runtime.js';

const CHILD = fileURLToPath(new URL('../testing/crash-child.js', import.meta.url));
const EFFECTS = ['install aa', 'install bb', 'install cc'];
const ROUNDS = Number(process.env['PROVISIONING_TEST_ROUNDS'] ?? 3);
const SEED = Number(process.env['PROVISIONING_TEST_SEED'] ?? Date.now() % 100_000);

interface Ended {
  readonly signal: string | null;
  readonly out: string;
}

/** Runs the deployment in a process of its own, which is killed at a point or after a delay. */
async function runChild(root: string, kill: { at?: number; afterMs?: number } = {}): Promise<Ended> {
  const args = kill.at === undefined ? [CHILD, root] : [CHILD, root, String(kill.at)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
  });
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (_code, signal) => resolve({ signal, out })),
  );
  if (kill.afterMs !== undefined) {
    await sleep(kill.afterMs);
    child.kill('SIGKILL');
  }
  return ended;
}

async function withRoot(action: (root: string) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'prov-crash-'));
  try {
    await action(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function assertOnce(root: string, what: string): void {
  assert.deepEqual([...crashWorkspace(root).effects()].sort(), EFFECTS, what);
  assert.equal(crashWorkspace(root).effects().at(-1), 'install cc', what);
}

test('killed at any point of the engine, the next run completes and every effect has happened once', async () => {
  let kills = 0;
  for (let at = 1; ; at += 1) {
    let finished = false;
    await withRoot(async (root) => {
      const first = await runChild(root, { at });
      finished = first.signal === null;
      if (!finished) kills += 1;
      const last = finished ? first : await runChild(root);
      assert.equal(JSON.parse(last.out).status, 'succeeded', `killed at point ${at}: ${last.out}`);
      assertOnce(root, `killed at point ${at}`);
    });
    if (finished) break;
  }
  assert.ok(kills >= 12, `only ${kills} points`);
});

test('killed again and again at random moments, it completes and every effect has happened once', async () => {
  let seed = SEED;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    await withRoot(async (root) => {
      for (let kills = 0; kills < 3; kills += 1) await runChild(root, { afterMs: 150 + random() * 900 });
      const last = await runChild(root);
      assert.equal(JSON.parse(last.out).status, 'succeeded', `seed ${SEED}, round ${round}: ${last.out}`);
      assertOnce(root, `seed ${SEED}, round ${round}`);
      assert.deepEqual(JSON.parse((await runChild(root)).out).counts.ran, 0);
    });
  }
});

test('without a check an interrupted task is asked about, and nothing else is started', async () => {
  await withRoot(async (root) => {
    const install = 'cat >/dev/null\necho "install $(basename "$PWD")" >> ../../effects\nsleep 20.04\n';
    const blind = () => new ToyWorkspace(root).add({ name: 'aa', scripts: { 'install.sh': install } });
    const child = spawn(process.execPath, ['--input-type=module', '-e', RUN_BLIND, root], {
      stdio: ['ignore', 'inherit', 'inherit'],
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      env: { ...process.env, PROVISIONING_TEST_INSTALL: install },
    });
    const deadline = Date.now() + 15_000;
    while (blind().effects().length === 0 && Date.now() < deadline) await sleep(20);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    const killed: unknown[] = [];
    const runtime = await openRuntime(root, {
      graceMs: 300,
      onEvent: (event) => event.event === 'process.killed' && killed.push(event),
    });
    const result = await deploy(runtime, blind().add({ name: 'zz' }).input());
    await runtime.close();
    assert.equal(result.status, 'in_doubt');
    assert.equal(result.error?.code, 'RUNTIME_TASK_IN_DOUBT');
    assert.equal(killed.length, 1, 'the script that lived on was ended');
    assert.equal(
      blind()
        .effects()
        .filter((line) => line === 'install aa').length,
      1,
    );
  });
});

const RUN_BLIND = `
import { ToyWorkspace } from '../testing/toy-workspace.js';
import { deploy } from './deploy.js';
import { openRuntime } from './runtime.js';
const root = process.argv[1];
const workspace = new ToyWorkspace(root).add({ name: 'aa', scripts: { 'install.sh': process.env.PROVISIONING_TEST_INSTALL } });
await deploy(await openRuntime(root), workspace.input());
`;
