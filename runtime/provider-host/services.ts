import { randomBytes } from 'node:crypto';
import { isProvError, ProvError } from '#base';
import { RunContext } from '../engine/run-context.js';
import type { Runtime } from '../engine/runtime.js';
import type { DeploymentInput } from '../plan/deployment-input.js';
import type { Instance } from '../plan/place-extensions.js';
import { checkInstance, type InstanceHealth } from './check-instance.js';
import type { ExecCommand, ExecResult, ServiceState } from './provider.js';
import { startInstance } from './start-instance.js';
import { stopInstance } from './stop-instance.js';

export interface UseCaseOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ServiceStatus extends ServiceState {
  readonly server: string;
  readonly extension: string;
}

/**
 * Starts every service of the infra that does not run, dependencies first, each after the health of what
 * it waits for. Returns the names of what was started as `server/service`.
 * @throws RUNTIME_SERVER_MISSING, RUNTIME_PROVIDER_FAILED, RUNTIME_HEALTH_FAILED
 */
export async function startServices(
  runtime: Runtime,
  input: DeploymentInput,
  options: UseCaseOptions = {},
): Promise<readonly string[]> {
  return within({ runtime, input, signal: options.signal }, async (context) => {
    const started: string[] = [];
    const awaited = new Set<string>();
    for (const instance of inOrder(context)) {
      for (const { instance: id, waitForHealth } of instance.dependencies) {
        if (!waitForHealth || awaited.has(id) || context.services(instance).length === 0) continue;
        awaited.add(id);
        await checkInstance(context, context.instances.find((each) => each.id === id)!, {
          throwUnhealthy: true,
        });
      }
      const names = await startInstance(context, instance);
      started.push(...names.map((name) => `${instance.server.name}/${name}`));
    }
    return started;
  });
}

/** Stops every service of the infra, dependents first; resolves when none of their processes is left. */
export async function stopServices(
  runtime: Runtime,
  input: DeploymentInput,
  options: UseCaseOptions = {},
): Promise<readonly string[]> {
  return within({ runtime, input, signal: options.signal }, async (context) => {
    const stopped: string[] = [];
    for (const instance of [...inOrder(context)].reverse()) {
      const names = await stopInstance(context, instance);
      stopped.push(...names.map((name) => `${instance.server.name}/${name}`));
    }
    return stopped;
  });
}

/** What runs, as the providers see it. */
export async function serviceStatus(
  runtime: Runtime,
  input: DeploymentInput,
  options: UseCaseOptions = {},
): Promise<readonly ServiceStatus[]> {
  return within({ runtime, input, signal: options.signal }, async (context) => {
    const found: ServiceStatus[] = [];
    for (const instance of context.instances) {
      const own = context.services(instance);
      if (own.length === 0) continue;
      const { services } = await context.serverState(instance.server);
      for (const { name } of own) {
        const state = services.find((each) => each.name === name) ?? { name, state: 'stopped' };
        found.push({ ...state, server: instance.server.name, extension: instance.module.name });
      }
    }
    return found;
  });
}

/** Health of every extension of the infra that has services or a check; unhealthy ones are in the result, not thrown. */
export async function checkHealth(
  runtime: Runtime,
  input: DeploymentInput,
  options: UseCaseOptions & { retries?: number | undefined } = {},
): Promise<readonly InstanceHealth[]> {
  return within({ runtime, input, signal: options.signal }, async (context) => {
    const { retries } = options;
    const asked = context.instances.filter((instance) => {
      const { health, scripts } = instance.module.manifest;
      return (
        health !== undefined || scripts?.['health'] !== undefined || context.services(instance).length > 0
      );
    });
    return Promise.all(
      asked.map(async (instance) => {
        try {
          return await checkInstance(context, instance, { retries });
        } catch (error) {
          options.signal?.throwIfAborted();
          if (!isProvError(error)) throw error;
          const { kind, name: extension } = instance.module;
          return {
            healthy: false,
            message: error.message,
            looks: 1,
            server: instance.server.name,
            kind,
            extension,
            services: [],
          };
        }
      }),
    );
  });
}

/** Runs a command on a server of the infra. @throws RUNTIME_SERVER_MISSING, RUNTIME_PROVIDER_FAILED, RUNTIME_PROVIDER_UNABLE */
export async function execOnServer(
  runtime: Runtime,
  input: DeploymentInput,
  command: ExecCommand & { readonly server: string } & UseCaseOptions,
): Promise<ExecResult> {
  const { server: name, signal, ...rest } = command;
  return within({ runtime, input, signal }, async (context) => {
    const server = input.infra.servers.find((each) => each.name === name);
    if (server === undefined || !(await context.serverState(server)).exists)
      throw new ProvError('RUNTIME_SERVER_MISSING', { server: name });
    return context.provider(server.provider).exec(name, rest, { task: `server.exec:${name}`, signal });
  });
}

/** The servers of the infra, and those that its providers have beside them. @throws RUNTIME_PROVIDER_FAILED */
export async function listServers(
  runtime: Runtime,
  input: DeploymentInput,
  options: UseCaseOptions = {},
): Promise<
  readonly {
    readonly name: string;
    readonly provider: string;
    readonly exists: boolean;
    readonly planned: boolean;
  }[]
> {
  return within({ runtime, input, signal: options.signal }, async (context) => {
    const providers = [...new Set(input.infra.servers.map(({ provider }) => provider))].sort();
    const found = await Promise.all(
      providers.map(async (provider) => {
        const there = await context
          .provider(provider)
          .list({ task: `server.list:${provider}`, signal: options.signal });
        const planned = input.infra.servers
          .filter((server) => server.provider === provider)
          .map(({ name }) => name);
        const names = [...new Set([...planned, ...there])].sort();
        return names.map((name) => ({
          name,
          provider,
          exists: there.includes(name),
          planned: planned.includes(name),
        }));
      }),
    );
    return found.flat();
  });
}

/** Opens the context of a use case; an interruption inside it is RUNTIME_CANCELLED. */
async function within<T>(
  job: { runtime: Runtime; input: DeploymentInput; signal: AbortSignal | undefined },
  action: (context: RunContext) => Promise<T>,
): Promise<T> {
  const { runtime, input, signal } = job;
  const context = await RunContext.open(runtime, input, { run: randomBytes(8).toString('hex'), signal });
  try {
    return await action(context);
  } catch (error) {
    if (!context.signal?.aborted) throw error;
    throw new ProvError('RUNTIME_CANCELLED', {}, { cause: error });
  }
}

/** Instances, each after those it depends on; planning has made sure that there is no circle. */
function inOrder(context: RunContext): readonly Instance[] {
  const byId = new Map(context.instances.map((each) => [each.id, each]));
  const ordered = new Set<Instance>();
  const visit = (instance: Instance): void => {
    if (ordered.has(instance)) return;
    for (const { instance: id } of instance.dependencies) visit(byId.get(id)!);
    ordered.add(instance);
  };
  for (const instance of context.instances) visit(instance);
  return [...ordered];
}
