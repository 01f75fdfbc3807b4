import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isProvError, registerSecret } from '#base';
import type { ScriptEvent, ScriptRequest } from '#schemas';
import { countProcesses } from '../testing/processes.js';
import { runScript, type ScriptCall, type ScriptOutcome } from './run-script.js';
import { scriptEnvironment } from './script-environment.js';

const dir = mkdtempSync(join(tmpdir(), 'prov-executor-'));
after(() => rmSync(dir, { recursive: true, force: true }));

function requestFor(config: Readonly<Record<string, unknown>> = {}): ScriptRequest {
  return {
    contract: 1,
    op: 'install',
    dry_run: false,
    workflow: 'w:i',
    task: 'taskserv.install:s/x',
    attempt: 1,
    idempotency_key: 'key',
    deadline_ms: 1000,
    extension: { kind: 'taskserv', name: 'x', version: '1.0.0', dir },
    target: { provider: 'local', server: 's' },
    config,
    assets: {},
    outputs: {},
  };
}

let count = 0;

async function run(
  body: string,
  options: Partial<ScriptCall> & { ending?: string } = {},
): Promise<ScriptOutcome & { events: ScriptEvent[]; log: string }> {
  count += 1;
  const script = join(dir, `script-${count}.${options.ending ?? 'sh'}`);
  writeFileSync(script, body);
  const events: ScriptEvent[] = [];
  const outcome = await runScript({
    script,
    request: requestFor(),
    env: { PATH: process.env['PATH'] ?? '' },
    logFile: join(dir, 'logs', `${count}.ndjson`),
    timeoutMs: 20_000,
    graceMs: 200,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { ...outcome, events, log: readFileSync(outcome.logFile, 'utf8') };
}

test('a script gets the request on stdin and its lines become events, outputs and the result', async () => {
  const { ok, result, events, log } = await run(
    `let text = ''; for await (const c of process.stdin) text += c;
     const { op, target } = JSON.parse(text);
     const say = (o) => console.log(typeof o === 'string' ? o : JSON.stringify(o));
     say({ type: 'progress', message: 'half', percent: 50 }); say('PROGRESS: nearly'); say('plain text');
     say({ type: 'output', name: 'first', value: 1 }); say({ type: 'result', status: 'old' });
     say({ type: 'result', status: 'done', changed: true, outputs: { op, server: target.server } });
     console.error('to the log');`,
    { ending: 'mjs' },
  );
  assert.ok(ok);
  assert.deepEqual(result, {
    status: 'done',
    changed: true,
    outputs: { first: 1, op: 'install', server: 's' },
  });
  assert.deepEqual(events.slice(0, 3), [
    { type: 'progress', message: 'half', percent: 50 },
    { type: 'progress', message: 'nearly' },
    { type: 'log', message: 'plain text' },
  ]);
  assert.match(log, /"stream":"stderr","text":"to the log"/);
});

test('python scripts run, what has no interpreter is refused', async () => {
  const python = await run(
    'import json,sys\nprint(json.dumps({"type":"result","status":json.load(sys.stdin)["op"]}))\n',
    { ending: 'py' },
  );
  assert.equal(python.result.status, 'install');
  await assert.rejects(run('', { ending: 'rb' }), (error) =>
    isProvError(error, 'RUNTIME_INTERPRETER_UNKNOWN'),
  );
  const nu = { interpreters: { nu: '/none/nu' }, ending: 'nu' };
  await assert.rejects(run('', nu), (error) => isProvError(error, 'RUNTIME_INTERPRETER_MISSING'));
  await assert.rejects(run('', { script: join(dir, 'absent.sh') }), (error) =>
    isProvError(error, 'RUNTIME_SCRIPT_MISSING'),
  );
});

test('exit codes are classes of failure, and the message is the best one there is', async () => {
  const cases: [string, string, string][] = [
    ['exit 10', 'transient', 'exit code 10'],
    ['exit 75', 'transient', 'exit code 75'],
    ['exit 12', 'authentication', 'exit code 12'],
    ['echo why >&2; exit 13', 'invalid', 'why'],
    ['exit 14', 'conflict', 'exit code 14'],
    ['exit 15', 'quota', 'exit code 15'],
    ['echo \'{"type":"result","message":"said so"}\'; echo noise >&2; exit 1', 'failed', 'said so'],
    ['kill -9 $$', 'killed', 'it was ended by SIGKILL'],
  ];
  for (const [body, failure, message] of cases) {
    const outcome = await run(`cat >/dev/null; ${body}\n`);
    assert.deepEqual([outcome.ok, outcome.class, outcome.message], [false, failure, message], body);
  }
  const throttled = await run('echo \'{"type":"result","retry_after":2.5}\'; exit 11\n');
  assert.deepEqual([throttled.class, throttled.result.retryAfterMs], ['throttled', 2500]);
});

test('a result that is not valid fails the script, other broken lines are log text', async () => {
  const broken = await run('echo \'{"type":"result","services":[{"name":"X Y"}]}\'\n');
  assert.deepEqual([broken.ok, broken.class], [false, 'invalid']);
  assert.match(broken.message, /its output is not valid: services\.0/);
  const noise = await run(
    'echo \'{not json\'; echo \'{"type":"progress"}\'; echo \'{"type":"result","status":"done"}\'\n',
  );
  assert.ok(noise.ok);
  assert.match(noise.log, /\{not json/);
});

test('a script that ends without reading a large request is no error', async () => {
  const request = requestFor({ text: 'x'.repeat(2_000_000) });
  assert.ok((await run('exit 0\n', { request })).ok);
  assert.equal((await run('exec 0<&-; exit 13\n', { request })).class, 'invalid');
});

test('huge output is bounded: in a line, in the log, in memory', async () => {
  const rss = process.memoryUsage().rss;
  const body = `cat >/dev/null
    head -c 5000000 /dev/zero | tr '\\0' x; echo
    yes 'a line of some length that is repeated very often indeed' | head -c 12000000; echo
    echo '{"type":"result","status":"done"}'`;
  const { ok, result, logFile, log } = await run(body, { onEvent: () => {}, maxLogBytes: 4_000_000 });
  assert.ok(ok);
  assert.equal(result.status, 'done');
  assert.ok(statSync(logFile).size <= 4_001_000);
  assert.match(log.slice(-200), /lines not kept/);
  assert.ok(log.indexOf('[line cut]') < 70_000, 'the first line is cut');
  assert.ok(process.memoryUsage().rss - rss < 200_000_000, `grew by ${process.memoryUsage().rss - rss}`);
  const cut = await run(
    'printf \'{"type":"result","message":"\'; head -c 2000000 /dev/zero | tr "\\0" x; echo \'"}\'\n',
  );
  assert.deepEqual([cut.ok, cut.class], [false, 'invalid']);
});

test('a script that hangs is ended, with children that ignore SIGTERM or left its group', async () => {
  const body = `trap '' TERM
    setsid sleep 51.31 &
    (trap '' TERM; sleep 51.31; sleep 51.31) &
    sleep 51.31; sleep 51.31`;
  const env = { PATH: process.env['PATH'] ?? '', PROVISIONING_TASK_KEY: 'hang' };
  const started = performance.now();
  const outcome = await run(body, { timeoutMs: 300, marker: 'hang', env });
  assert.deepEqual([outcome.ok, outcome.class], [false, 'timed_out']);
  assert.ok(performance.now() - started < 6000);
  assert.equal(countProcesses('sleep 51.31'), 0);
});

test('what a script leaves running is ended after it, also when it holds the output open', async () => {
  const env = { PATH: process.env['PATH'] ?? '', PROVISIONING_TASK_KEY: 'left' };
  const outcome = await run(
    'setsid sleep 52.17 & sleep 52.17 &\necho \'{"type":"result","status":"done"}\'\n',
    { marker: 'left', env },
  );
  assert.ok(outcome.ok);
  assert.equal(countProcesses('sleep 52.17'), 0);
});

test('a terminated script that says 0 without a result has not succeeded', async () => {
  const outcome = await run("trap 'exit 0' TERM\nsleep 30 & wait\n", { timeoutMs: 200 });
  assert.deepEqual([outcome.ok, outcome.class], [false, 'timed_out']);
});

test('an abort ends the script', async () => {
  const stop = new AbortController();
  const running = run('sleep 53.19\n', { signal: stop.signal });
  await sleep(150);
  stop.abort();
  assert.equal((await running).class, 'cancelled');
  assert.equal(countProcesses('sleep 53.19'), 0);
  assert.equal((await run('echo ran > ran-after-abort\n', { signal: stop.signal })).class, 'cancelled');
  assert.equal(existsSync(join(dir, 'ran-after-abort')), false);
});

test('a script does nothing before its identity is on record', async () => {
  let seen = false;
  const outcome = await run('echo x > gate\n', {
    onSpawn: async ({ pid }) => {
      await sleep(150);
      seen = pid > 0 && !existsSync(join(dir, 'gate'));
    },
  });
  assert.ok(outcome.ok && seen && existsSync(join(dir, 'gate')));
  const failing = run('echo x > gate-2\n', { onSpawn: () => Promise.reject(new Error('disk')) });
  await assert.rejects(failing, /disk/);
  assert.equal(existsSync(join(dir, 'gate-2')), false);
});

test('the environment is a short list without secrets; what the manifest needs must be there', () => {
  const env = {
    PATH: '/bin',
    HOME: '/h',
    AWS_SECRET: 's',
    NODE_OPTIONS: '--x',
    PROVISIONING_HOME: '/p',
    PROVISIONING_SIGN_PASSWORD: 's',
    DB_URL: 'u',
  };
  const options = { extension: 'taskserv x', env };
  assert.deepEqual(scriptEnvironment(options), { PATH: '/bin', HOME: '/h', PROVISIONING_HOME: '/p' });
  assert.equal(scriptEnvironment({ ...options, required: ['DB_URL'], marker: 'm' })['DB_URL'], 'u');
  assert.throws(
    () => scriptEnvironment({ ...options, required: ['NOPE'] }),
    (error) => isProvError(error, 'RUNTIME_ENV_MISSING'),
  );
});

test('registered secrets are in no log, event or message, also in pieces', async () => {
  registerSecret('hunter2-canary');
  const body = `cat >/dev/null
    printf hunter2-; sleep 0.05; printf 'canary\\n'
    echo 'hunter2-canary' >&2
    printf 'aHVudGVyMi1jYW5hcnk=\\n'
    exit 1`;
  const { log, events, message } = await run(body);
  for (const text of [log, JSON.stringify(events), message])
    assert.doesNotMatch(text, /hunter2|aHVudGVyMi1jYW5hcnk/);
});
