import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../fault-registry/index.js';
import { processesLeft, processesMentioning } from '../support/processes.js';
import { projectRoot } from '../support/project.js';
import { type ProvResult, prov } from '../support/prov.js';
import {
  DIRECT,
  lockOf,
  type QuickstartEvent,
  type QuickstartRun,
  quickstart,
  quickstartDirectory,
  servicePids,
} from '../support/quickstart.js';

interface Side {
  readonly tasks: number;
  readonly puts: number;
  readonly healthy: boolean;
  readonly installed: number;
  readonly lock: string;
  readonly extensions: readonly { readonly name: string; readonly digest: string }[];
}

interface Done extends QuickstartEvent {
  readonly near: Side;
  readonly far: Side & { readonly isolation: string };
  readonly puts: number;
  readonly tasks: number;
  readonly lock: string;
  readonly lockChangedByMove: number;
}

function doneOf(run: QuickstartRun): Done {
  const last = run.events.at(-1) as Done | undefined;
  assert.deepEqual(
    [run.code, last?.event, last?.ok],
    [0, 'done', true],
    `${run.stdout.slice(-3000)}\n${run.stderr}`,
  );
  return last!;
}

const dir = quickstartDirectory({ after });
const far = (args: readonly string[]): Promise<ProvResult> =>
  prov([...args, '-w', `${dir}/far/site`, '--out', 'json'], {
    cwd: projectRoot,
    env: { ...process.env, PROVISIONING_HOME: join(projectRoot, dir, 'far/home') },
  });
let first: Done;

test('a first run with --json --keep: one event a line, everything deployed and healthy on both sides', async () => {
  const run = await quickstart(['--json', '--keep', '--dir', dir]);
  first = doneOf(run);
  for (const event of run.events) assert.match(event.event, /^(?:stage|step|note|done)$/);
  const steps = run.events.filter(({ event }) => event === 'step');
  assert.ok(steps.every(({ ok, command, side }) => ok && command && (side === 'near' || side === 'far')));
  assert.deepEqual(first.near.extensions.map(({ name }) => name).sort(), [
    'local',
    'nushell',
    'oci-reg',
    'os',
    'postgres',
    'web',
    'web',
  ]);
  for (const side of [first.near, first.far]) {
    assert.ok(side.healthy);
    assert.ok(side.tasks > 0);
    assert.equal(side.installed, side.extensions.length);
    assert.equal(side.lock, first.lock);
  }
  assert.equal(first.lockChangedByMove, 0);
  assert.equal(lockOf(dir, 'far'), lockOf(dir, 'near'));
  assert.doesNotMatch(lockOf(dir, 'near'), /127\.0\.0\.1|localhost/);
  const password = readFileSync(join(projectRoot, dir, 'keys/password'), 'utf8');
  assert.equal(run.stdout.includes(password), false, 'the password of the key is never printed');
});

test('health is real: a random row comes back, and without PostgreSQL it fails', async () => {
  const healthy = await far(['health']);
  assert.equal(healthy.code, 0, healthy.stdout);
  assert.match(healthy.stdout, /a random row came back over http:/);
  const supervisor = processesMentioning('supervisor.mjs').find(({ command }) =>
    command.includes(`${dir}/far/`),
  )!;
  const status = await far(['services', 'status']);
  const postgres = (status.json.data as { services: readonly { name: string; pid: number }[] }).services.find(
    ({ name }) => name.endsWith('postgres'),
  )!;
  // A supervisor that sleeps does not start it again.
  process.kill(supervisor.pid, 'SIGSTOP');
  try {
    process.kill(postgres.pid, 'SIGINT');
    await gone(postgres.pid);
    const sick = await far(['health']);
    assert.equal(sick.code, 1, sick.stdout);
    const { healthy: all, checks } = sick.json.data as {
      healthy: boolean;
      checks: readonly { extension: string; kind: string; healthy: boolean }[];
    };
    assert.equal(all, false);
    const unwell = checks
      .filter((check) => !check.healthy)
      .map(({ kind, extension }) => `${kind} ${extension}`);
    assert.deepEqual(unwell.sort(), ['cluster web', 'taskserv postgres', 'taskserv web']);
  } finally {
    process.kill(supervisor.pid, 'SIGCONT');
  }
  const deadline = Date.now() + 60_000;
  while ((await far(['health'])).code !== 0) {
    assert.ok(Date.now() < deadline, 'the supervisor starts it again');
    await sleep(500);
  }
});

async function gone(pid: number): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (isAlive(pid)) {
    assert.ok(Date.now() < deadline, `process ${pid} ends`);
    await sleep(50);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

test('the printed commands, verbatim in a fresh shell, give the same digests and lock; the printed stop stops all', async () => {
  const run = await quickstart(['--keep', '--dir', dir]);
  assert.equal(run.code, 0, `${run.stdout}\n${run.stderr}`);
  assert.match(run.stdout, /^work {6}0 uploads, 0 tasks run/m);
  const [commands, stop] = run.stdout
    .split('The commands, to repeat by hand')[1]!
    .split('Still running:')
    .map(indentedLines);
  assert.ok(commands!.length > 20);
  const locks = [lockOf(dir, 'near'), lockOf(dir, 'far')];
  const replay = shell(commands!);
  assert.equal(replay.status, 0, `${replay.stdout.slice(-2000)}\n${replay.stderr}`);
  const documents = replay.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { ok: boolean; data: Record<string, unknown> });
  assert.ok(documents.every(({ ok }) => ok));
  const pushed = documents.flatMap(({ data }) =>
    typeof data['pushed'] === 'boolean' ? [[data['pushed'], data['digest']]] : [],
  );
  assert.deepEqual(
    pushed.map(([, digest]) => digest).sort(),
    first.near.extensions.map(({ digest }) => digest).sort(),
  );
  assert.deepEqual(new Set(pushed.map(([sent]) => sent)), new Set([false]));
  assert.deepEqual([lockOf(dir, 'near'), lockOf(dir, 'far')], locks);
  assert.equal(lockOf(dir, 'near'), lockOf(dir, 'far'));

  assert.equal(stop!.length, 2);
  const stopped = shell(stop!);
  assert.equal(stopped.status, 0, stopped.stderr);
  assert.deepEqual(await processesLeft(dir), []);
});

/** Lines that the output shows as commands. */
function indentedLines(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('    '))
    .map((line) => line.slice(4));
}

function shell(lines: readonly string[]) {
  return spawnSync('sh', ['-e'], {
    cwd: projectRoot,
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
    timeout: 600_000,
    maxBuffer: 64 << 20,
  });
}

test('a further run sends, runs and changes nothing, and leaves no process', async () => {
  const before = lockOf(dir, 'near');
  const run = await quickstart(['--json', '--dir', dir]);
  const done = doneOf(run);
  assert.deepEqual([done.puts, done.tasks, done.near.installed, done.far.installed], [0, 0, 0, 0]);
  assert.equal(lockOf(dir, 'near'), before);
  assert.equal(done.lock, first.lock);
  assert.ok(done.near.healthy && done.far.healthy);
  assert.deepEqual(servicePids(run.events).filter(isAlive), []);
  assert.deepEqual(await processesLeft(dir), []);
});

test('wrong options and a directory that is not its own are a wrong usage, and nothing is touched', async () => {
  for (const args of [
    ['--nonsense'],
    ['--dir', 'docs', '--fresh'],
    ['--dir', '.', '--fresh'],
    ['--dir', 'a b'],
  ]) {
    const run = await quickstart(args, { command: DIRECT });
    assert.equal(run.code, 2, run.stdout);
    assert.notEqual(run.stderr, '');
  }
  assert.ok(existsSync(join(projectRoot, 'docs/errors.md')));
});

const seed = Number(process.env['PROV_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const STEPS = 27;

interface Interruption {
  /** After how many finished commands. */
  readonly after: number;
  readonly delayMs: number;
  readonly signal: 'SIGINT' | 'SIGKILL';
}

/** All stages with PROV_ALL_STAGES=1; otherwise four: two early, two late ones, both signals. */
function interruptions(): Interruption[] {
  const random = seeded(seed);
  const at = (after: number, signal: Interruption['signal']) => ({
    after,
    delayMs: Math.floor(random() * 1500),
    signal,
  });
  if (process.env['PROV_ALL_STAGES'] === '1')
    return Array.from({ length: STEPS }, (_, i) => [at(i, 'SIGKILL'), at(i, 'SIGINT')] as const).flat();
  const between = (low: number, high: number) => low + Math.floor(random() * (high - low));
  return [
    at(between(2, 9), 'SIGKILL'),
    at(between(9, 14), 'SIGINT'),
    at(14, 'SIGKILL'),
    at(between(19, 26), random() < 0.5 ? 'SIGINT' : 'SIGKILL'),
  ];
}

test(`interrupted at stages and started again, it ends well and leaves nothing (seed ${seed})`, async (t) => {
  const own = quickstartDirectory(t);
  const services: number[] = [];
  for (const { after: steps, delayMs, signal } of interruptions()) {
    const where = `${signal} ${delayMs} ms after step ${steps}, seed ${seed}`;
    let seen = 0;
    const run = await quickstart(['--json', '--dir', own], {
      command: DIRECT,
      onEvent: (event, child) => {
        if (event.event === 'step') seen += 1;
        if (seen !== steps || (event.event !== 'step' && steps > 0)) return;
        seen += 1000;
        setTimeout(() => child.kill(signal), delayMs);
      },
    });
    services.push(...servicePids(run.events));
    if (signal === 'SIGKILL') {
      assert.ok(run.signal === 'SIGKILL' || run.code === 0, where);
      continue;
    }
    if (run.code === 0) continue;
    const last = run.events.at(-1) as QuickstartEvent & { error?: { code: string; hint: string } };
    assert.equal(run.code, 130, `${where}\n${JSON.stringify(last)}\n${run.stderr}`);
    assert.deepEqual([last.event, last.ok, last.error?.code], ['done', false, 'INTERRUPTED'], where);
    assert.deepEqual(await processesLeft(own), [], where);
  }
  const last = await quickstart(['--json', '--dir', own], { command: DIRECT });
  const done = doneOf(last);
  assert.equal(done.lockChangedByMove, 0);
  assert.ok(done.near.healthy && done.far.healthy);
  services.push(...servicePids(last.events));
  assert.deepEqual(await processesLeft(own), []);
  assert.deepEqual(services.filter(isAlive), []);
});

test('two at once in one directory: the second one is refused and the first one is not disturbed', async (t) => {
  const own = quickstartDirectory(t);
  let second: Promise<QuickstartRun> | undefined;
  const run = await quickstart(['--json', '--dir', own], {
    command: DIRECT,
    onEvent: (event, child) => {
      if (event.event !== 'step' || second) return;
      second = quickstart(['--json', '--dir', own], { command: DIRECT }).then((refused) => {
        child.kill('SIGINT');
        return refused;
      });
    },
  });
  const refused = await second!;
  assert.equal(refused.code, 11, refused.stdout);
  assert.equal(
    (refused.events.at(-1) as { error?: { code: string } } | undefined)?.error?.code,
    'QUICKSTART_RUNNING',
  );
  assert.equal(run.code, 130, 'it went on until we stopped it');
  assert.ok(run.events.filter(({ event }) => event === 'step').every(({ ok }) => ok));
  assert.deepEqual(await processesLeft(own), []);
  rmSync(join(projectRoot, own), { recursive: true, force: true });
});
