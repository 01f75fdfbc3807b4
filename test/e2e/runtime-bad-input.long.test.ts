import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSite, type Site, taskserv, untilFile } from '../support/deployments.js';
import { writeExtension } from '../support/extensions.js';
import { assertFailure, expectBothForms, expectFailure } from '../support/failures.js';
import { listFiles } from '../support/files.js';
import { processesLeft } from '../support/processes.js';
import { type ProvResult, prov, provData } from '../support/prov.js';
import { ownRegistry } from '../support/registries.js';
import { createSandbox, type Sandbox } from '../support/sandbox.js';

/** Waits for a file that the test makes; keeps two processes beside it that must not outlive the task. */
const WAIT =
  'tail -f "$SIGNALS/../signals-child" & (setsid tail -f "$SIGNALS/../signals-grandchild" &) ; touch "$SIGNALS/waiting"; while [ ! -e "$SIGNALS/go" ]; do sleep 0.05; done';

interface Tasks {
  readonly tasks: { readonly run: number; readonly adopted: number; readonly unchanged: number };
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<ProvResult>;
}

function start(args: readonly string[], { options }: Sandbox): Running {
  let child: ChildProcess | undefined;
  const ended = prov([...args, '--out', 'json'], {
    ...options,
    onStart: (started) => {
      child = started;
    },
  });
  return { child: child!, ended };
}

/** A site whose task `bb` waits; the files that its children watch are there. */
async function waitingSite(sandbox: Sandbox, place: 'before' | 'after', check = true): Promise<Site> {
  for (const name of ['signals-child', 'signals-grandchild']) writeFileSync(join(sandbox.work, name), '');
  return makeSite(sandbox, [
    { name: 'aa' },
    { name: 'bb', dependencies: { aa: '*' }, [place]: WAIT, check },
    { name: 'cc', dependencies: { bb: '*' } },
  ]);
}

const WHOLE = ['install aa', 'install bb', 'install cc'];

test('a script that fails: its task, why and its log are named; what was done stays; the next run goes on', async (t) => {
  const sandbox = createSandbox(t);
  const { options } = sandbox;
  const site = await makeSite(sandbox, [
    { name: 'aa' },
    {
      name: 'bb',
      dependencies: { aa: '*' },
      before: 'if [ ! -e "$SIGNALS/repaired" ]; then echo "the disk is missing" >&2; exit 3; fi',
    },
    { name: 'cc', dependencies: { bb: '*' } },
  ]);
  const error = await expectBothForms(
    site.deploy,
    {
      code: 'RUNTIME_TASK_FAILED',
      exit: 1,
      message: /install:one\/bb failed .*the disk is missing/,
      hint: /prov deploy/,
    },
    options,
  );
  const log = error.details['log'] as string;
  assert.match(readFileSync(log, 'utf8'), /the disk is missing/);
  assert.ok(error.hint.includes(log));
  assert.deepEqual(site.effects(), ['install aa']);
  assert.deepEqual(await processesLeft(sandbox.root), []);
  writeFileSync(site.file('repaired'), '');
  const { tasks } = await provData<Tasks>(site.deploy, options);
  assert.deepEqual(site.effects(), WHOLE);
  assert.ok(tasks.unchanged > 0);
});

test('--rollback undoes what this run did, last first, and leaves what earlier runs did', async (t) => {
  const sandbox = createSandbox(t);
  const { options, work } = sandbox;
  const site = await makeSite(sandbox, [
    { name: 'aa' },
    { name: 'bb', dependencies: { aa: '*' } },
    { name: 'cc', dependencies: { bb: '*' } },
    { name: 'dd', dependencies: { cc: '*' }, before: 'exit 1' },
  ]);
  const error = await expectFailure(
    [...site.deploy, '--rollback'],
    { code: 'RUNTIME_TASK_FAILED', exit: 1, message: /dd/ },
    options,
  );
  assert.ok(error.details['rollback']);
  assert.deepEqual(site.effects().slice(0, 3), WHOLE);
  const undone = site
    .effects()
    .slice(3)
    .filter((line) => line !== 'undo dd');
  assert.deepEqual(undone, ['undo cc', 'undo bb', 'undo aa']);
  assert.deepEqual(listFiles(join(work, 'servers')), [], 'the server that this run made is gone');
});

test('a script that hangs is stopped at --timeout with its children and grandchildren', async (t) => {
  const sandbox = createSandbox(t);
  const site = await waitingSite(sandbox, 'before');
  const error = assertFailure(
    await prov([...site.deploy, '--timeout', '3', '--out', 'json'], sandbox.options),
    {
      code: 'RUNTIME_TASK_TIMED_OUT',
      exit: 1,
      message: /bb did not end within 3000 ms/,
      hint: /The log of the last attempt is /,
    },
  );
  assert.ok(existsSync(error.details['log'] as string));
  assert.deepEqual(await processesLeft(sandbox.root), []);
  assert.deepEqual(site.effects(), ['install aa']);
  writeFileSync(site.file('go'), '');
  await provData(site.deploy, sandbox.options);
  assert.deepEqual(site.effects(), WHOLE);
  assert.deepEqual(await processesLeft(sandbox.root), []);
});

for (const place of ['before', 'after'] as const) {
  test(`kill -9 of deploy ${place} the effect of a task: run again, every effect happened exactly once`, async (t) => {
    const sandbox = createSandbox(t);
    const site = await waitingSite(sandbox, place);
    const running = start(site.deploy, sandbox);
    await untilFile(site.file('waiting'));
    running.child.kill('SIGKILL');
    assert.equal((await running.ended).signal, 'SIGKILL');
    if (place === 'before') {
      rmSync(site.file('waiting'));
      const second = start(site.deploy, sandbox);
      await untilFile(site.file('waiting'));
      writeFileSync(site.file('go'), '');
      const { code, stderr, stdout } = await second.ended;
      assert.equal(code, 0, `${stdout}${stderr}`);
    } else {
      const { tasks } = await provData<Tasks>(site.deploy, sandbox.options);
      assert.equal(tasks.adopted, 1, 'the effect was found, not repeated');
    }
    assert.deepEqual(site.effects(), WHOLE);
    assert.deepEqual(await processesLeft(sandbox.root), []);
    const { tasks } = await provData<Tasks>(site.deploy, sandbox.options);
    assert.deepEqual({ ...tasks, unchanged: 0 }, { run: 0, adopted: 0, unchanged: 0 });
  });
}

test('kill -9 in a task that cannot be checked: it stops and asks, and takes both answers', async (t) => {
  for (const answer of ['done', 'retry']) {
    const sandbox = createSandbox(t);
    const site = await waitingSite(sandbox, 'after', false);
    const running = start(site.deploy, sandbox);
    await untilFile(site.file('waiting'));
    running.child.kill('SIGKILL');
    await running.ended;
    writeFileSync(site.file('go'), '');
    const asked = await expectFailure(
      site.deploy,
      { code: 'RUNTIME_TASK_IN_DOUBT', exit: 11, hint: /--resolve .*=done/ },
      sandbox.options,
    );
    assert.deepEqual(site.effects(), ['install aa', 'install bb']);
    await provData([...site.deploy, '--resolve', `${asked.details['task']}=${answer}`], sandbox.options);
    const again = answer === 'retry' ? ['install bb'] : [];
    assert.deepEqual(site.effects(), ['install aa', 'install bb', ...again, 'install cc']);
  }
});

test('two deploys at once: the second one is told who runs, the first one ends well', async (t) => {
  const sandbox = createSandbox(t);
  const site = await waitingSite(sandbox, 'before');
  const first = start(site.deploy, sandbox);
  await untilFile(site.file('waiting'));
  await expectBothForms(
    site.deploy,
    {
      code: 'RUNTIME_LOCKED',
      exit: 11,
      message: new RegExp(`another prov is running tasks .*${first.child.pid}`),
      hint: /Wait/,
    },
    sandbox.options,
  );
  writeFileSync(site.file('go'), '');
  assert.equal((await first.ended).code, 0);
  assert.deepEqual(site.effects(), WHOLE);
});

for (const [signal, exit] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} during a deploy: exit ${exit}, no process left, the next run completes it`, async (t) => {
    const sandbox = createSandbox(t);
    const site = await waitingSite(sandbox, 'before');
    const running = start(site.deploy, sandbox);
    await untilFile(site.file('waiting'));
    running.child.kill(signal);
    const result = await running.ended;
    assert.equal(result.code, exit, `${result.stdout}${result.stderr}`);
    assert.match(result.json.error!.hint, /again/);
    assert.deepEqual(await processesLeft(sandbox.root), []);
    assert.deepEqual(site.effects(), ['install aa']);
    writeFileSync(site.file('go'), '');
    await provData(site.deploy, sandbox.options);
    assert.deepEqual(site.effects(), WHOLE);
  });
}

test('an installed extension that was edited is refused before any script of it runs', async (t) => {
  const sandbox = createSandbox(t);
  const { root, work, env, options } = sandbox;
  const registry = await ownRegistry(t, root, env);
  const dir = writeExtension(join(work, 'made'), taskserv(work, { name: 'zz' }));
  await provData(['ext', 'push', dir, '--registry', registry.host, '--namespace', 'team'], options);
  const site = await makeSite(sandbox, [{ name: 'aa' }]);
  const settings = join(site.dir, 'config/provisioning.yaml');
  writeFileSync(
    settings,
    readFileSync(settings, 'utf8')
      .replace('localhost:5000', registry.host)
      .replace('provisioning-extensions', 'team')
      .replace('modules: {}', 'modules: { taskservs: { zz: ^1 } }'),
  );
  const infra = join(site.dir, 'infra/dev/settings.yaml');
  writeFileSync(infra, readFileSync(infra, 'utf8').replace('- aa', '- zz'));
  await provData(['dep', 'resolve', '-w', site.dir], options);
  const modules = join(site.dir, '.cache/modules/taskservs');
  const script = listFiles(modules).find((path) => path.endsWith('scripts/install.sh'))!;
  const before = readFileSync(join(modules, script), 'utf8');
  writeFileSync(join(modules, script), `touch '${join(work, 'pwned')}'\n${before}`);
  await expectBothForms(
    site.deploy,
    {
      code: 'WORKSPACE_MODULE_MODIFIED',
      exit: 6,
      message: /zz.* was changed after it was installed/,
      hint: /prov dep resolve/,
    },
    options,
  );
  assert.equal(existsSync(join(work, 'pwned')), false);
  assert.deepEqual(site.effects(), []);
  await provData(['dep', 'resolve', '-w', site.dir], options);
  assert.equal(readFileSync(join(modules, script), 'utf8'), before, 'dep resolve puts it right');
  await provData(site.deploy, options);
  assert.deepEqual(site.effects(), ['install zz']);
});
