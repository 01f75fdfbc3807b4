import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isProvError, registerSecret, Turns } from '#base';
import { deploy, parseResolution } from '../engine/deploy.js';
import { openRuntime } from '../engine/runtime.js';
import type { DeploymentInput } from '../plan/deployment-input.js';
import { ToyWorkspace } from '../testing/toy-workspace.js';

const ONCE = { attempts: 1, delayMs: () => undefined };

/** The error of a deployment whose provider has these operations (a shell script for each). */
async function errorWith(operations: Readonly<Record<string, string>>) {
  const workspace = new ToyWorkspace();
  try {
    const scripts = Object.fromEntries(
      Object.entries(operations).map(([op, body]) => [`${op}.sh`, `cat >/dev/null\n${body}\n`]),
    );
    workspace.add({
      name: 'aa',
      scripts,
      manifest: { scripts: {}, permissions: { network: ['listen:http'] } },
    });
    const input = workspace.input();
    const body = input.modules.find((each) => each.name === 'aa')!;
    const named = Object.fromEntries(Object.keys(operations).map((op) => [op, `scripts/${op}.sh`]));
    const modules: DeploymentInput['modules'] = input.modules.map((each) =>
      each.kind === 'provider'
        ? { ...each, dir: body.dir, manifest: { ...each.manifest, operations: named } }
        : each,
    );
    const runtime = await openRuntime(workspace.root, { retry: ONCE });
    const result = await deploy(runtime, { ...input, modules });
    await runtime.close();
    return result.error!;
  } finally {
    workspace.remove();
  }
}

test('what a provider cannot do, does wrong or answers badly is said by name', async () => {
  const state = 'echo \'{"type":"result","outputs":{"exists":true}}\'';
  const create = 'echo \'{"type":"result","outputs":{"dir":"/d","prefix":"/p"}}\'';
  const failed = await errorWith({ state, create: 'echo quota is used up >&2; exit 15' });
  assert.ok(isProvError(failed, 'RUNTIME_PROVIDER_FAILED'));
  assert.match(failed.message, /toy could not create one \(quota\): quota is used up/);
  const unable = await errorWith({ state, create });
  assert.ok(isProvError(unable, 'RUNTIME_PROVIDER_UNABLE'));
  assert.equal(unable.details['op'], 'allocate_port');
  const odd = await errorWith({ state, create: 'echo \'{"type":"result","outputs":{"dir":7}}\'' });
  assert.ok(isProvError(odd, 'RUNTIME_SCRIPT_OUTPUT_INVALID'));
  assert.match(odd.message, /outputs\.dir/);
});

test('answers to tasks in doubt are read strictly', () => {
  assert.deepEqual(parseResolution('taskserv.install:one/aa=done'), ['taskserv.install:one/aa', 'done']);
  for (const value of ['x', 'x=maybe', '=done']) {
    assert.throws(
      () => parseResolution(value),
      (error) => isProvError(error, 'RUNTIME_RESOLVE_INVALID'),
    );
  }
});

test('actions with one key run one after another, also after a failure; other keys do not wait', async () => {
  const turns = new Turns<string>();
  const seen: string[] = [];
  const slow =
    (name: string, fail = false) =>
    async () => {
      seen.push(`+${name}`);
      await sleep(10);
      seen.push(`-${name}`);
      if (fail) throw new Error(name);
    };
  const first = assert.rejects(turns.take('a', slow('one', true)));
  await Promise.all([first, turns.take('a', slow('two')), turns.take('b', slow('other'))]);
  assert.deepEqual(
    seen.filter((each) => !each.includes('other')),
    ['+one', '-one', '+two', '-two'],
  );
  assert.ok(seen.indexOf('+other') < seen.indexOf('-one'));
});

test('secrets of the configuration are masked in what is recorded, numbers stay numbers', async (t) => {
  registerSecret('20004');
  const workspace = new ToyWorkspace();
  t.after(() => workspace.remove());
  const install =
    'cat >/dev/null\necho \'{"type":"result","outputs":{"url":"db://u:s3cret-canary@h","port":200041,"plain":"s3cret-canary"}}\'\n';
  workspace.add({
    name: 'aa',
    scripts: { 'install.sh': install },
    config: { db: { password: 's3cret-canary' } },
    manifest: { configuration: { secrets: ['db.password'] } },
  });
  const runtime = await openRuntime(workspace.root);
  assert.equal((await deploy(runtime, workspace.input())).status, 'succeeded');
  const text = JSON.stringify(await runtime.eventLog.read('dev', 0));
  await runtime.close();
  assert.doesNotMatch(text, /s3cret-canary/);
  assert.match(text, /"port":200041/);
});
