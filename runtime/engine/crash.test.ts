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
/** Roots that are tried at the same time. */
const BATCH = 4;
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

/** Whether the run came to its end before that point. */
async function killAt(at: number): Promise<boolean> {
  let survived = false;
  await withRoot(async (root) => {
    const first = await runChild(root, { at });
    survived = first.signal === null;
    const last = survived ? first : await runChild(root);
    assert.equal(JSON.parse(last.out).status, 'succeeded', `killed at point ${at}: ${last.out}`);
    assertOnce(root, `killed at point ${at}`);
  });
  return survived;
}

test('killed at any point of the engine, the next run completes and every effect has happened once', async () => {
  let kills = 0;
  let finished = false;
  for (let at = 1; !finished; at += BATCH) {
    const points = Array.from({ length: BATCH }, (_, index) => at + index);
    const survived = await Promise.all(points.map(killAt));
    kills += survived.filter((each) => !each).length;
    finished = survived.some(Boolean);
  }
  assert.ok(kills >= 12, `only ${kills} points`);
});

test('killed again and again at random moments, it completes and every effect has happened once', async () => {
  let seed = SEED;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  const rounds = Array.from({ length: ROUNDS }, () => [random(), random(), random()]);
  await Promise.all(rounds.map(killThrice));
});

async function killThrice(moments: readonly number[]): Promise<void> {
  await withRoot(async (root) => {
    for (const moment of moments) await runChild(root, { afterMs: 150 + moment * 900 });
    const last = await runChild(root);
    const what = `seed ${SEED}, moments ${moments.join(' ')}`;
    assert.equal(JSON.parse(last.out).status, 'succeeded', `${what}: ${last.out}`);
    assertOnce(root, what);
    assert.equal(JSON.parse((await runChild(root)).out).counts.ran, 0);
  });
}

test('without a check an interrupted task is asked about, and nothing else is started', async () => {
  await withRoot(async (root) => {
    const install = 'cat >/dev/null\necho "install $(basename "$PWD")" >> ../../effects\nsleep 20.04\n';
    const blind = () => new ToyWorkspace(root).add({ name: 'aa', scripts: { 'install.sh': install } });
    const child = spawn(process.execPath, ['--input-type=module', '-e', RUN_BLIND, root], {
      stdio: ['ignore', 'inherit', 'inherit'],
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      env: { ...process.env, PROVISIONING_TEST_INSTALL: install },
    });
    const closed = new Promise((resolve) => child.once('close', resolve));
    // Only looks: building the workspace anew would write the script while the child reads it.
    const watched = new ToyWorkspace(root);
    const deadline = Date.now() + 15_000;
    while (watched.effects().length === 0 && Date.now() < deadline) await sleep(20);
    child.kill('SIGKILL');
    await closed;
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
