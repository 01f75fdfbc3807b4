import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isProvError, ProvError } from '#base';
import { planDeployment } from '../plan/plan-deployment.js';
import { renderPlan } from '../plan/render-plan.js';
import {
  checkHealth,
  execOnServer,
  listServers,
  serviceStatus,
  startServices,
  stopServices,
} from '../provider-host/services.js';
import { countProcesses } from '../testing/processes.js';
import { ToyWorkspace } from '../testing/toy-workspace.js';
import { deploy, removeDeployment } from './deploy.js';
import { type RetryPolicy, retryDelayMs } from './retry-policy.js';
import { openRuntime, type RuntimeOptions } from './runtime.js';
import type { RuntimeEvent } from './runtime-event.js';

const QUICK: RetryPolicy = {
  attempts: 3,
  delayMs: (failure, attempt) => (retryDelayMs(failure, attempt) === undefined ? undefined : 1),
};
const RESULT = '{"type":"result","changed":true}';
const script = (body: string) => `cat >/dev/null\n${body}\n`;
const service = (name: string) => `{"name":"${name}","argv":["sleep","60"]}`;

async function open(t: TestContext, options: RuntimeOptions = {}, workspace = new ToyWorkspace()) {
  const events: RuntimeEvent[] = [];
  const runtime = await openRuntime(workspace.root, {
    retry: QUICK,
    graceMs: 300,
    onEvent: (event) => events.push(event),
    ...options,
  });
  t.after(async () => {
    await stopServices(runtime, workspace.input()).catch(() => {});
    await runtime.close();
    workspace.remove();
  });
  return { workspace, runtime, events };
}

test('a deployment runs each effect once, in order, and a second run has nothing to do', async (t) => {
  const { workspace, runtime } = await open(t);
  workspace
    .add({ name: 'base' })
    .add({ name: 'app', manifest: { dependencies: { base: { version: '*' } } } });
  const first = await deploy(runtime, workspace.input());
  assert.equal(first.error, undefined);
  assert.equal(first.status, 'succeeded');
  assert.deepEqual(first.counts, { ran: 3, adopted: 0, unchanged: 0 });
  assert.deepEqual(workspace.effects(), ['install base', 'install app']);
  const second = await deploy(runtime, workspace.input());
  assert.deepEqual(second.counts, { ran: 0, adopted: 0, unchanged: 3 });
  assert.equal(workspace.effects().length, 2);
});

test('outputs, ports and configuration reach the script, and changed outputs run a dependent again', async (t) => {
  const { workspace, runtime } = await open(t);
  const dump = 'cat > ../../request-$(basename "$PWD")\necho install $(basename "$PWD") >> ../../effects\n';
  const outputs = (value: string) =>
    `${dump}echo '{"type":"result","changed":true,"outputs":{"url":"${value}"}}'\n`;
  workspace.add({ name: 'base', scripts: { 'install.sh': outputs('one') } });
  const app = {
    name: 'app',
    config: { depth: { a: 1 } },
    manifest: { dependencies: { base: { version: '*' } }, permissions: { network: ['listen:http'] } },
    scripts: { 'install.sh': `${dump}echo '${RESULT}'\n` },
  };
  workspace.add(app);
  await deploy(runtime, workspace.input());
  const request = JSON.parse(readFileSync(join(workspace.root, 'request-app'), 'utf8'));
  assert.deepEqual(request.outputs, { base: { url: 'one' } });
  assert.deepEqual(request.config, { depth: { a: 1 } });
  assert.deepEqual(request.target.ports, { http: 20000 });
  assert.equal(request.target.dir, join(workspace.root, 'servers/one'));
  assert.equal(request.op, 'install');
  workspace.add({ name: 'base', scripts: { 'install.sh': outputs('two') }, config: { changed: true } });
  const second = await deploy(runtime, workspace.input());
  assert.equal(second.counts.ran, 2);
  assert.deepEqual(workspace.effects(), ['install base', 'install app', 'install base', 'install app']);
});

test('services are started, found running, started again after a stop, and restarted when they change', async (t) => {
  const { workspace, runtime, events } = await open(t);
  const install = (argv: string) => ({
    'install.sh': script(`echo '{"type":"result","services":[${argv}]}'`),
  });
  workspace.add({ name: 'web', scripts: install(service('web')) });
  await deploy(runtime, workspace.input());
  const [first] = await serviceStatus(runtime, workspace.input());
  assert.equal(first?.state, 'running');
  await deploy(runtime, workspace.input());
  assert.equal(
    (await serviceStatus(runtime, workspace.input()))[0]?.pid,
    first?.pid,
    'a running service is left alone',
  );
  assert.deepEqual(await stopServices(runtime, workspace.input()), ['one/web']);
  assert.equal((await checkHealth(runtime, workspace.input(), { retries: 0 }))[0]?.healthy, false);
  events.length = 0;
  const again = await deploy(runtime, workspace.input());
  assert.equal(again.counts.ran, 0);
  assert.equal(events.filter((each) => each.event === 'service.started').length, 1);
  workspace.add({ name: 'web', scripts: install('{"name":"web","argv":["sleep","61"]}'), config: { v: 2 } });
  const before = (await serviceStatus(runtime, workspace.input()))[0]?.pid;
  await deploy(runtime, workspace.input());
  assert.notEqual((await serviceStatus(runtime, workspace.input()))[0]?.pid, before);
  await stopServices(runtime, workspace.input());
  assert.deepEqual(await startServices(runtime, workspace.input()), ['one/web']);
  assert.deepEqual(await startServices(runtime, workspace.input()), []);
});

test('a failing script is tried as its class allows, what depends on it is skipped, the rest is done', async (t) => {
  const { workspace, runtime, events } = await open(t);
  workspace
    .add({
      name: 'bad',
      scripts: { 'install.sh': script('echo no disk >&2; echo try >> ../../effects; exit 10') },
    })
    .add({
      name: 'wrong',
      scripts: { 'install.sh': script('echo \'{"type":"result","message":"bad input"}\'; exit 13') },
    })
    .add({ name: 'after', manifest: { dependencies: { bad: { version: '*' } } } })
    .add({ name: 'other' });
  const result = await deploy(runtime, workspace.input());
  assert.equal(result.status, 'failed');
  const endings = new Map(result.tasks.map((task) => [task.id, task.ending]));
  assert.equal(endings.get('taskserv.install:one/after'), 'skipped');
  assert.equal(endings.get('taskserv.install:one/other'), 'succeeded');
  assert.deepEqual(workspace.effects().filter((each) => each === 'try').length, 3);
  assert.equal(
    events.filter((each) => each.event === 'task.retry').length,
    2,
    'invalid input is not tried again',
  );
  const wrong = result.tasks.find((task) => task.id === 'taskserv.install:one/wrong')!.error!;
  assert.equal(wrong.code, 'RUNTIME_TASK_FAILED');
  assert.match(wrong.message, /invalid.*bad input/);
  assert.ok(existsSync(String(wrong.details['log'])));
});

test('rollback takes back what the run did, the last first, goes on after errors and keeps what was there before', async (t) => {
  const { workspace, runtime } = await open(t);
  workspace.add({ name: 'kept' });
  await deploy(runtime, workspace.input());
  const down = script('echo "uninstall $(basename "$PWD")" >> ../../effects; exit 1');
  const needs = (name: string) => ({ dependencies: { [name]: { version: '*' } } });
  workspace
    .add({ name: 'aa' })
    .add({
      name: 'bb',
      manifest: needs('aa'),
      scripts: { 'install.sh': script(`echo '${RESULT}'`), 'uninstall.sh': down },
    })
    .add({
      name: 'cc',
      manifest: needs('bb'),
      scripts: { 'install.sh': script('exit 13'), 'rollback.sh': script('echo back cc >> ../../effects') },
    });
  const result = await deploy(runtime, workspace.input(), { rollback: true });
  assert.equal(result.status, 'failed');
  assert.deepEqual(workspace.effects(), [
    'install kept',
    'install aa',
    'back cc',
    'uninstall bb',
    'uninstall aa',
  ]);
  assert.deepEqual(
    result.rollback?.map((step) => [step.task, step.ending]),
    [
      ['taskserv.install:one/cc', 'undone'],
      ['taskserv.install:one/bb', 'failed'],
      ['taskserv.install:one/aa', 'undone'],
    ],
  );
  assert.ok(existsSync(join(workspace.root, 'servers/one')), 'the server was there before');
});

test('a script that hangs is ended with its children and its task times out', async (t) => {
  const { workspace, runtime } = await open(t, {
    taskTimeoutMs: 400,
    retry: { attempts: 1, delayMs: () => undefined },
  });
  workspace.add({ name: 'slow', scripts: { 'install.sh': script('setsid sleep 47.11 & sleep 47.11') } });
  const result = await deploy(runtime, workspace.input());
  assert.equal(result.error?.code, 'RUNTIME_TASK_TIMED_OUT');
  assert.equal(countProcesses('sleep 47.11'), 0);
  const next = await deploy(runtime, workspace.input());
  assert.equal(next.error?.code, 'RUNTIME_TASK_IN_DOUBT', 'nobody knows how far it came');
});

test('an interrupted run stops its scripts, records it and goes on later', async (t) => {
  const stop = new AbortController();
  const { workspace, runtime } = await open(t);
  workspace.add({
    name: 'aa',
    scripts: {
      'install.sh': script('sleep 33.07'),
      'check.sh': script('echo \'{"type":"result","status":"absent"}\''),
    },
  });
  setTimeout(() => stop.abort(), 400);
  const result = await deploy(runtime, workspace.input(), { signal: stop.signal });
  assert.equal(result.status, 'cancelled');
  assert.equal(result.error?.code, 'RUNTIME_CANCELLED');
  assert.equal(result.error?.exitCode, 130);
  assert.equal(countProcesses('sleep 33.07'), 0);
  workspace.add({ name: 'aa' });
  assert.equal((await deploy(runtime, workspace.input())).status, 'succeeded');
});

test('what nobody can tell is asked, and the answer is taken', async (t) => {
  const { workspace, runtime } = await open(t, { retry: { attempts: 1, delayMs: () => undefined } });
  workspace.add({ name: 'aa', scripts: { 'install.sh': script('echo once >> ../../effects; kill -9 $$') } });
  assert.equal((await deploy(runtime, workspace.input())).status, 'failed');
  const asked = await deploy(runtime, workspace.input());
  assert.equal(asked.status, 'in_doubt');
  assert.match(asked.error!.hint, /--resolve taskserv\.install:one\/aa=done/);
  const resolve = new Map([['taskserv.install:one/aa', 'done' as const]]);
  const told = await deploy(runtime, workspace.input(), { resolve });
  assert.deepEqual([told.status, told.counts.adopted], ['succeeded', 1]);
  assert.deepEqual(workspace.effects(), ['once']);
});

test('a script declared idempotent is run again instead of asking', async (t) => {
  const { workspace, runtime } = await open(t, { retry: { attempts: 1, delayMs: () => undefined } });
  const flaky = script(`if [ -e ../../once ]; then echo '${RESULT}'; else touch ../../once; kill -9 $$; fi`);
  workspace.add({ name: 'aa', manifest: { idempotent: ['install'] }, scripts: { 'install.sh': flaky } });
  assert.equal((await deploy(runtime, workspace.input())).status, 'failed');
  assert.equal((await deploy(runtime, workspace.input())).status, 'succeeded');
});

test('no more scripts run at once than allowed', async (t) => {
  const { workspace, runtime } = await open(t, { concurrency: 2 });
  const body = script(`echo + >> ../../effects; sleep 0.05; echo - >> ../../effects; echo '${RESULT}'`);
  for (let i = 0; i < 7; i += 1) workspace.add({ name: `t${i}`, scripts: { 'install.sh': body } });
  assert.equal((await deploy(runtime, workspace.input())).status, 'succeeded');
  let now = 0;
  let most = 0;
  for (const line of workspace.effects()) {
    now += line === '+' ? 1 : -1;
    most = Math.max(most, now);
  }
  assert.equal(most, 2);
});

test('a module that is refused before its script runs leaves nothing behind', async (t) => {
  const refuse = async ({ name }: { name: string }) => {
    if (name === 'evil')
      throw new ProvError('RUNTIME_MODULE_MISSING', { kind: 'taskserv', name, neededBy: 'a test' });
  };
  const { workspace, runtime } = await open(t, { beforeScript: refuse });
  workspace.add({ name: 'evil' });
  const result = await deploy(runtime, workspace.input());
  assert.equal(result.error?.code, 'RUNTIME_MODULE_MISSING');
  assert.deepEqual(workspace.effects(), []);
});

test('a server that is gone is made and filled anew', async (t) => {
  const { workspace, runtime } = await open(t);
  workspace.add({ name: 'aa' });
  await deploy(runtime, workspace.input());
  rmSync(join(workspace.root, 'servers/one'), { recursive: true });
  assert.equal((await deploy(runtime, workspace.input())).counts.ran, 2);
});

test('removal stops, uninstalls in reverse and deletes; a second removal finds nothing', async (t) => {
  const { workspace, runtime } = await open(t);
  workspace
    .add({ name: 'base' })
    .add({ name: 'app', manifest: { dependencies: { base: { version: '*' } } } });
  await deploy(runtime, workspace.input());
  const result = await removeDeployment(runtime, workspace.input());
  assert.equal(result.status, 'succeeded');
  assert.deepEqual(workspace.effects().slice(2), ['uninstall app', 'uninstall base']);
  assert.equal(existsSync(join(workspace.root, 'servers/one')), false);
  assert.equal((await removeDeployment(runtime, workspace.input())).counts.ran, 0);
  assert.equal((await deploy(runtime, workspace.input())).counts.ran, 3);
});

test('a health check that never passes fails the deployment and says what it saw', async (t) => {
  const { workspace, runtime } = await open(t);
  const server = createServer((_request, response) => response.writeHead(500).end('no'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const health = {
    check: 'http' as const,
    port: 'http',
    path: '/up',
    interval_seconds: 0.05,
    timeout_seconds: 1,
    retries: 2,
  };
  const manifest = { permissions: { network: ['listen:http'] }, health };
  workspace.add({ name: 'web', manifest, config: { port } });
  const result = await deploy(runtime, workspace.input());
  assert.ok(isProvError(result.error, 'RUNTIME_HEALTH_FAILED'));
  assert.match(result.error.message, /GET \/up answered 500/);
  server.removeAllListeners('request');
  server.on('request', (_request, response) => response.end('ok'));
  const [health2] = await checkHealth(runtime, workspace.input());
  assert.deepEqual([health2?.healthy, health2?.looks], [true, 1]);
});

test('a second runner is refused with the pid of the first, a reader is not', async (t) => {
  const { workspace, runtime } = await open(t);
  workspace.add({ name: 'aa' });
  await deploy(runtime, workspace.input());
  await assert.rejects(
    openRuntime(workspace.root),
    (error) => isProvError(error, 'RUNTIME_LOCKED') && error.message.includes(String(process.pid)),
  );
  const reader = await openRuntime(workspace.root, { readOnly: true });
  assert.deepEqual(await serviceStatus(reader, workspace.input()), []);
  assert.equal(renderPlan(planDeployment(workspace.input())).toRun, 2);
  await reader.close();
});

test('a plan other than the one that was looked at is refused', async (t) => {
  const { workspace, runtime } = await open(t);
  workspace.add({ name: 'aa' });
  const expectPlan = planDeployment(workspace.input()).digest;
  workspace.add({ name: 'aa', config: { changed: 1 } });
  await assert.rejects(deploy(runtime, workspace.input(), { expectPlan }), (error) =>
    isProvError(error, 'RUNTIME_PLAN_STALE'),
  );
});

test('commands run on servers that exist, and servers are listed', async (t) => {
  const { workspace, runtime } = await open(t);
  workspace.add({ name: 'aa' });
  const missing = execOnServer(runtime, workspace.input(), { server: 'one', argv: ['true'] });
  await assert.rejects(missing, (error) => isProvError(error, 'RUNTIME_SERVER_MISSING'));
  await deploy(runtime, workspace.input());
  const { code, stdout } = await execOnServer(runtime, workspace.input(), {
    server: 'one',
    argv: ['sh', '-c', 'pwd; exit 3'],
  });
  assert.deepEqual([code, stdout.trim()], [3, join(workspace.root, 'servers/one')]);
  assert.deepEqual(await listServers(runtime, workspace.input()), [
    { name: 'one', provider: 'toy', exists: true, planned: true },
  ]);
});
