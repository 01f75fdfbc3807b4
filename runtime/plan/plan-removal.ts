import { canonicalJson, digestOf } from '#base';
import type { DeploymentInput } from './deployment-input.js';
import { type Instance, placeExtensions } from './place-extensions.js';
import type { Plan, PlanTask } from './plan.js';
import { planExtension } from './plan-deployment.js';
import { sealPlan } from './seal-plan.js';

const PRIORITY = 50;

/**
 * The plan that takes an infra away: services are stopped, extensions uninstalled after everything that
 * depends on them, servers deleted last. Running it again after an interruption is safe.
 * @throws RUNTIME_MODULE_MISSING, RUNTIME_PLAN_CYCLE
 */
export function planRemoval(input: DeploymentInput): Plan {
  const instances = placeExtensions(input);
  const tasks: PlanTask[] = instances.flatMap((instance) => instanceTasks(instance, instances));
  for (const server of input.infra.servers) {
    const provider = input.modules.find((each) => each.kind === 'provider' && each.name === server.provider);
    tasks.push({
      id: `server.delete:${server.name}`,
      op: 'server.delete',
      provider: server.provider,
      server: server.name,
      ...(provider === undefined ? {} : { extension: planExtension(provider) }),
      dependsOn: instances
        .filter((each) => each.server.name === server.name)
        .map((each) => `${uninstallOp(each)}:${each.id}`),
      inputsDigest: digestOf(canonicalJson({ op: 'server.delete', server: server.name })),
      priority: PRIORITY,
      reason: 'removal',
    });
  }
  return sealPlan({ kind: 'removal', workspace: input.workspace.name, infra: input.infra.name }, tasks);
}

function instanceTasks(instance: Instance, all: readonly Instance[]): readonly PlanTask[] {
  const { id, server, module } = instance;
  const dependents = all.filter((each) => each.dependencies.some((dependency) => dependency.instance === id));
  const common = {
    provider: server.provider,
    server: server.name,
    extension: planExtension(module),
    priority: PRIORITY,
    reason: 'removal',
  };
  const op = uninstallOp(instance);
  return [
    {
      ...common,
      id: `services.stop:${id}`,
      op: 'services.stop',
      dependsOn: dependents.map((each) => `services.stop:${each.id}`).sort(),
      inputsDigest: digestOf(canonicalJson({ op: 'services.stop', id })),
    },
    {
      ...common,
      id: `${op}:${id}`,
      op,
      dependsOn: [
        `services.stop:${id}`,
        ...dependents.map((each) => `${uninstallOp(each)}:${each.id}`),
      ].sort(),
      inputsDigest: digestOf(canonicalJson({ op, id, digest: module.digest })),
    },
  ];
}

function uninstallOp(instance: Instance): 'cluster.uninstall' | 'taskserv.uninstall' {
  return instance.module.kind === 'cluster' ? 'cluster.uninstall' : 'taskserv.uninstall';
}
