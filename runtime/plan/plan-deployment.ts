import { canonicalJson, type Digest, digestOf } from '#base';
import type { DeploymentInput, DeploymentModule, ServerPlacement } from './deployment-input.js';
import { type Instance, moduleOf, placeExtensions } from './place-extensions.js';
import type { Plan, PlanExtension, PlanTask, TaskOp } from './plan.js';
import { sealPlan } from './seal-plan.js';

const PRIORITY = 50;

/**
 * The plan that brings the infra to what its settings and the loaded extensions say: the same input
 * gives the same bytes and digest, on any machine and in whatever order servers and modules come.
 * @throws RUNTIME_MODULE_MISSING, RUNTIME_PLAN_CYCLE
 */
export function planDeployment(input: DeploymentInput): Plan {
  const instances = placeExtensions(input);
  const byId = new Map(instances.map((each) => [each.id, each]));
  const tasks = [
    ...input.infra.servers.map((server) => serverTask(input, server)),
    ...instances.flatMap((instance) => instanceTasks(instance, byId)),
  ];
  return sealPlan({ kind: 'deployment', workspace: input.workspace.name, infra: input.infra.name }, tasks);
}

/** Names of the ports that an extension asks for: its `listen:NAME` permissions, sorted. */
export function portNames(module: DeploymentModule): readonly string[] {
  const listens = (module.manifest.permissions?.network ?? []).filter((each) => each.startsWith('listen:'));
  return [...new Set(listens.map((each) => each.slice('listen:'.length)))].sort();
}

export function planExtension(module: DeploymentModule): PlanExtension {
  return { kind: module.kind, name: module.name, version: module.version, digest: module.digest };
}

function serverTask(input: DeploymentInput, server: ServerPlacement): PlanTask {
  const provider = moduleOf(input, 'provider', server.provider, `server ${server.name}`);
  return {
    id: `server.create:${server.name}`,
    op: 'server.create',
    provider: server.provider,
    server: server.name,
    extension: planExtension(provider),
    dependsOn: [],
    inputsDigest: inputsOf({
      op: 'server.create',
      server: server.name,
      module: provider,
      config: provider.config,
    }),
    priority: PRIORITY,
    reason: 'placed',
  };
}

function instanceTasks(instance: Instance, all: ReadonlyMap<string, Instance>): readonly PlanTask[] {
  const { id, server, module, config, reason } = instance;
  const install: TaskOp = module.kind === 'cluster' ? 'cluster.install' : 'taskserv.install';
  const create = `server.create:${server.name}`;
  const ports = portNames(module);
  const common = {
    provider: server.provider,
    server: server.name,
    extension: planExtension(module),
    priority: PRIORITY,
    reason,
  };
  const inputs = { server: server.name, module, config };
  const before = instance.dependencies.map((dependency) => {
    const other = all.get(dependency.instance)!;
    return dependency.waitForHealth ? readyTask(other) : installTask(other);
  });
  const outputsFrom = Object.fromEntries(
    instance.dependencies
      .flatMap((each) => each.names.map((name) => [name, installTask(all.get(each.instance)!)] as const))
      .reverse(),
  );
  const tasks: PlanTask[] = [
    {
      ...common,
      id: `${install}:${id}`,
      op: install,
      dependsOn: sorted([ports.length > 0 ? `ports.reserve:${id}` : create, ...before]),
      inputsDigest: inputsOf({ ...inputs, op: install, ports }),
      ...(ports.length > 0 ? { ports } : {}),
      ...(instance.dependencies.length > 0 ? { outputsFrom } : {}),
    },
    {
      ...common,
      id: `services.start:${id}`,
      op: 'services.start',
      dependsOn: sorted([
        `${install}:${id}`,
        ...instance.dependencies.map((each) => startTask(all.get(each.instance)!, each.waitForHealth)),
      ]),
      inputsDigest: inputsOf({ ...inputs, op: 'services.start' }),
    },
  ];
  if (ports.length > 0) {
    const inputsDigest = digestOf(canonicalJson({ op: 'ports.reserve', instance: id, ports }));
    tasks.push({
      ...common,
      id: `ports.reserve:${id}`,
      op: 'ports.reserve',
      dependsOn: [create],
      inputsDigest,
      ports,
    });
  }
  if (hasHealth(module)) {
    const inputsDigest = inputsOf({ ...inputs, op: 'health' });
    const shared = {
      dependsOn: [`services.start:${id}`],
      inputsDigest,
      ...(ports.length > 0 ? { ports } : {}),
    };
    tasks.push({
      ...common,
      id: `health:${id}`,
      op: 'health',
      ...shared,
      ...(instance.dependencies.length > 0 ? { outputsFrom } : {}),
    });
  }
  return tasks;
}

export function hasHealth(module: DeploymentModule): boolean {
  return module.manifest.health !== undefined || module.manifest.scripts?.['health'] !== undefined;
}

function installTask(instance: Instance): string {
  return `${instance.module.kind === 'cluster' ? 'cluster.install' : 'taskserv.install'}:${instance.id}`;
}

function startTask(instance: Instance, waitForHealth: boolean): string {
  return waitForHealth ? readyTask(instance) : `services.start:${instance.id}`;
}

/** The task after which an extension can be used: its health if it has one, else its start. */
function readyTask(instance: Instance): string {
  return `${hasHealth(instance.module) ? 'health' : 'services.start'}:${instance.id}`;
}

function inputsOf(parts: {
  op: TaskOp;
  server: string;
  module: DeploymentModule;
  config: Readonly<Record<string, unknown>>;
  ports?: readonly string[];
}): Digest {
  const { module } = parts;
  const assets = Object.fromEntries(
    Object.entries(module.assets).map(([name, asset]) => [name, asset.sha256]),
  );
  const identity = {
    kind: module.kind,
    name: module.name,
    version: module.version,
    digest: module.digest,
    assets,
  };
  return digestOf(
    canonicalJson({
      op: parts.op,
      server: parts.server,
      extension: identity,
      config: parts.config,
      ports: parts.ports,
    }),
  );
}

function sorted(ids: readonly string[]): readonly string[] {
  return [...new Set(ids)].sort();
}
