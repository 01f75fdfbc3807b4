import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { isProvError } from '#base';
import { foldState } from '../event-log/fold-state.js';
import { sampleInput, sampleModule } from '../testing/sample-modules.js';
import type { DeploymentInput } from './deployment-input.js';
import { orderTasks } from './order-tasks.js';
import { planDeployment } from './plan-deployment.js';
import { planRemoval } from './plan-removal.js';
import { renderPlan } from './render-plan.js';

const GOLDEN = resolve('runtime/plan/plan-deployment.golden.json');

function withModules(
  input: DeploymentInput,
  change: (modules: DeploymentInput['modules']) => DeploymentInput['modules'],
): DeploymentInput {
  return { ...input, modules: change(input.modules) };
}

test('the plan of the sample is the golden one (delete the file to write it anew)', () => {
  const plan = planDeployment(sampleInput());
  if (!existsSync(GOLDEN)) writeFileSync(GOLDEN, JSON.stringify(plan, undefined, 2));
  assert.deepEqual(plan, JSON.parse(readFileSync(GOLDEN, 'utf8')));
});

test('the order of modules and servers does not change the plan', () => {
  const input = sampleInput();
  const two = {
    ...input.infra,
    servers: [...input.infra.servers, { name: 'two', provider: 'local', taskservs: [{ name: 'os' }] }],
  };
  const digest = planDeployment({ ...input, infra: two }).digest;
  fc.assert(
    fc.property(
      fc.shuffledSubarray([...input.modules], { minLength: input.modules.length }),
      fc.boolean(),
      (modules, flip) => {
        const servers = flip ? [...two.servers].reverse() : two.servers;
        assert.equal(planDeployment({ ...input, modules, infra: { ...two, servers } }).digest, digest);
      },
    ),
    { numRuns: 50 },
  );
});

test('tasks come after all they depend on, whatever the graph', () => {
  const graph = fc.array(fc.array(fc.nat(30), { maxLength: 4 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(graph, (edges) => {
      const names = edges.map((_, i) => `t${String(i).padStart(2, '0')}`);
      const modules = edges.map((to, i) => {
        const earlier = [...new Set(to.filter((each) => each < i))];
        return sampleModule('taskserv', names[i]!, {
          dependencies: Object.fromEntries(earlier.map((each) => [names[each]!, { version: '*' }])),
        });
      });
      const input: DeploymentInput = {
        workspace: { name: 'w', root: '/none' },
        infra: {
          name: 'i',
          servers: [
            { name: 's', provider: 'local', taskservs: [...names].reverse().map((name) => ({ name })) },
          ],
        },
        modules: [sampleModule('provider', 'local'), ...modules],
      };
      for (const plan of [planDeployment(input), planRemoval(input)]) {
        const seen = new Set<string>();
        for (const task of plan.tasks) {
          for (const id of task.dependsOn) assert.ok(seen.has(id), `${task.id} before ${id}`);
          seen.add(task.id);
        }
      }
    }),
    { numRuns: 100 },
  );
});

test('a dependency that nobody placed goes beside who needs it, one on another server is used there', () => {
  const base = sampleInput();
  const apart: DeploymentInput = {
    ...base,
    infra: {
      name: 'dev',
      servers: [
        { name: 'app', provider: 'local', taskservs: [{ name: 'web' }] },
        { name: 'data', provider: 'local', taskservs: [{ name: 'postgres' }] },
      ],
    },
  };
  const install = planDeployment(apart).tasks.find((task) => task.id === 'taskserv.install:app/web')!;
  assert.deepEqual(install.dependsOn, ['health:data/postgres', 'ports.reserve:app/web']);
  assert.deepEqual(install.outputsFrom, {
    database: 'taskserv.install:data/postgres',
    postgres: 'taskserv.install:data/postgres',
  });
  const alone = {
    ...apart,
    infra: { name: 'dev', servers: [{ name: 'app', provider: 'local', taskservs: [{ name: 'web' }] }] },
  };
  const os = planDeployment(alone).tasks.find((task) => task.id === 'taskserv.install:app/os')!;
  assert.equal(os.reason, 'required by taskserv postgres');
});

test('only what a task depends on changes its inputs', () => {
  const before = planDeployment(sampleInput());
  const digests = (tasks: typeof before.tasks) => new Map(tasks.map((task) => [task.id, task.inputsDigest]));
  const changed = planDeployment(
    withModules(sampleInput(), (modules) =>
      modules.map((each) => (each.name === 'postgres' ? { ...each, config: { port: 1 } } : each)),
    ),
  );
  const old = digests(before.tasks);
  const differing = [...digests(changed.tasks)]
    .filter(([id, digest]) => old.get(id) !== digest)
    .map(([id]) => id);
  assert.deepEqual(differing.sort(), [
    'health:one/postgres',
    'services.start:one/postgres',
    'taskserv.install:one/postgres',
  ]);
});

test('a circle of dependencies is named from end to end', () => {
  const input: DeploymentInput = {
    workspace: { name: 'w', root: '/none' },
    infra: { name: 'i', servers: [{ name: 's', provider: 'local', taskservs: [{ name: 'aa' }] }] },
    modules: [
      sampleModule('provider', 'local'),
      sampleModule('taskserv', 'aa', { dependencies: { bb: { version: '*' } } }),
      sampleModule('taskserv', 'bb', { dependencies: { aa: { version: '*' } } }),
    ],
  };
  assert.throws(
    () => planDeployment(input),
    (error) =>
      isProvError(error, 'RUNTIME_PLAN_CYCLE') &&
      String(error.details['cycle']).includes('s/aa → services.start:s/bb → services.start:s/aa'),
  );
});

test('what is placed or required but not loaded is an error; an optional one is left out', () => {
  const input = sampleInput();
  const without = withModules(input, (modules) => modules.filter((each) => each.name !== 'os'));
  assert.throws(
    () => planDeployment(without),
    (error) => isProvError(error, 'RUNTIME_MODULE_MISSING') && error.details['name'] === 'os',
  );
  const optional = withModules(input, (modules) =>
    modules.map((each) =>
      each.name === 'web' && each.kind === 'taskserv'
        ? { ...each, manifest: { ...each.manifest, optional_dependencies: { cache: { version: '*' } } } }
        : each,
    ),
  );
  assert.ok(planDeployment(optional).tasks.length > 0);
});

test('renderPlan tells what is new, unchanged, updated, to settle and left over', () => {
  const plan = planDeployment(sampleInput());
  assert.equal(renderPlan(plan).toRun, 7);
  const event = (task: string, type: string, data: Record<string, unknown>) => ({
    stream: 'dev',
    seq: 1,
    time: '',
    task,
    type,
    data,
  });
  const product = { givenDigest: 'sha256:0', outputs: {}, services: [], changed: true };
  const state = foldState([
    ...plan.tasks.map((task) =>
      event(task.id, 'task.succeeded', { ...product, inputsDigest: task.inputsDigest }),
    ),
    event('taskserv.install:one/web', 'task.succeeded', {
      ...product,
      inputsDigest: 'sha256:1',
      version: '0.9.0',
    }),
    event('taskserv.install:one/os', 'task.intent', {
      key: 'k',
      attempt: 1,
      op: 'install',
      inputsDigest: 'sha256:2',
    }),
    event('taskserv.install:one/redis', 'task.succeeded', { ...product, inputsDigest: 'sha256:3' }),
  ]);
  const view = renderPlan(plan, state);
  const actionOf = (id: string) => view.tasks.find((task) => task.id === id)!;
  assert.equal(view.toRun, 2);
  assert.deepEqual(
    [actionOf('taskserv.install:one/web').action, actionOf('taskserv.install:one/web').from],
    ['update', '0.9.0'],
  );
  assert.equal(actionOf('taskserv.install:one/os').action, 'settle');
  assert.equal(actionOf('server.create:one').action, 'unchanged');
  assert.deepEqual(view.orphans, ['taskserv.install:one/redis']);
});

test('ordering finds a cycle in any cyclic graph', () => {
  const task = (id: string, dependsOn: string[]) => ({
    ...planDeployment(sampleInput()).tasks[0]!,
    id,
    dependsOn,
  });
  assert.throws(
    () => orderTasks([task('a', ['b']), task('b', ['c']), task('c', ['b'])]),
    (error) => isProvError(error) && error.details['cycle'] === 'b → c → b',
  );
});
