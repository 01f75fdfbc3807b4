import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Digest, ProvError } from '#base';
import type { ScriptTarget, ServiceDefinition } from '#schemas';
import { ScriptHost } from '../executor/script-host.js';
import type { DeploymentInput } from '../plan/deployment-input.js';
import { type Instance, moduleOf, placeExtensions } from '../plan/place-extensions.js';
import type { PlanTask } from '../plan/plan.js';
import type { Provider, ServerState, Target } from '../provider-host/provider.js';
import { targetSchema } from '../provider-host/provider.js';
import { createScriptProvider } from '../provider-host/script-provider.js';
import { Journal } from './journal.js';
import type { Runtime } from './runtime.js';
import { createEmit, type Emit } from './runtime-event.js';

/** What a task got from others: part of what decides whether it must run again. */
export interface Given {
  readonly outputs: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly ports: Readonly<Record<string, number>>;
}

/** Everything that the tasks of one run share. */
export class RunContext {
  readonly runtime: Runtime;
  readonly input: DeploymentInput;
  readonly journal: Journal;
  readonly scripts: ScriptHost;
  readonly emit: Emit;
  readonly run: string;
  readonly signal: AbortSignal | undefined;
  readonly #instances: ReadonlyMap<string, Instance>;
  readonly #providers = new Map<string, Provider>();
  readonly #serverStates = new Map<string, Promise<ServerState>>();

  private constructor(parts: {
    runtime: Runtime;
    input: DeploymentInput;
    journal: Journal;
    run: string;
    signal: AbortSignal | undefined;
  }) {
    const { runtime, input } = parts;
    this.runtime = runtime;
    this.input = input;
    this.journal = parts.journal;
    this.run = parts.run;
    this.signal = parts.signal;
    this.emit = createEmit(runtime.options.onEvent);
    this.#instances = new Map(placeExtensions(input).map((instance) => [instance.id, instance]));
    this.scripts = new ScriptHost({
      ...runtime.options,
      logDir: join(runtime.dir, 'logs', input.infra.name),
      workflow: `${input.workspace.name}:${input.infra.name}`,
    });
  }

  static async open(
    runtime: Runtime,
    input: DeploymentInput,
    options: { run: string; signal?: AbortSignal | undefined },
  ): Promise<RunContext> {
    const journal = await Journal.open(runtime.eventLog, input.infra.name);
    return new RunContext({
      runtime,
      input,
      journal,
      run: options.run,
      signal: options.signal ?? runtime.options.signal,
    });
  }

  get instances(): readonly Instance[] {
    return [...this.#instances.values()];
  }

  instanceOf(task: PlanTask): Instance {
    return this.#instances.get(task.id.slice(task.id.indexOf(':') + 1))!;
  }

  provider(name: string): Provider {
    const known = this.#providers.get(name);
    if (known !== undefined) return known;
    const module = moduleOf(this.input, 'provider', name, `infra ${this.input.infra.name}`);
    // A provider of servers on this machine keeps them with the workspace unless it is told another root.
    const config = { root: join(this.runtime.dir, 'servers'), ...module.config };
    const provider = createScriptProvider({
      module: { ...module, config },
      scripts: this.scripts,
      timeoutMs: this.runtime.options.taskTimeoutMs,
    });
    this.#providers.set(name, provider);
    return provider;
  }

  /** Asks the provider once, until `forgetServer`. */
  serverState(server: { name: string; provider: string }): Promise<ServerState> {
    const known = this.#serverStates.get(server.name);
    if (known !== undefined) return known;
    const asked = this.provider(server.provider).state(server.name, {
      task: `server.state:${server.name}`,
      signal: this.signal,
    });
    this.#serverStates.set(server.name, asked);
    return asked;
  }

  forgetServer(server: string): void {
    this.#serverStates.delete(server);
  }

  /** The server's target as `create` gave it. @throws RUNTIME_TASK_FAILED when it was never created */
  target(server: string): Target {
    const outputs = this.journal.task(`server.create:${server}`)?.outputs;
    const parsed = targetSchema.safeParse(outputs);
    if (parsed.success) return parsed.data;
    throw new ProvError('RUNTIME_SERVER_MISSING', { server });
  }

  scriptTarget(instance: Instance): ScriptTarget {
    const { dir, prefix, service_user } = this.target(instance.server.name);
    return {
      provider: instance.server.provider,
      server: instance.server.name,
      dir,
      prefix,
      ports: this.ports(instance),
      ...(service_user === undefined ? {} : { service_user }),
    };
  }

  ports(instance: Instance): Readonly<Record<string, number>> {
    const ports = this.journal.task(`ports.reserve:${instance.id}`)?.outputs['ports'];
    return (ports ?? {}) as Readonly<Record<string, number>>;
  }

  services(instance: Instance): readonly ServiceDefinition[] {
    return this.journal.task(installId(instance))?.services ?? [];
  }

  /** Outputs of the extension's own installation. */
  own(instance: Instance): Readonly<Record<string, unknown>> {
    return this.journal.task(installId(instance))?.outputs ?? {};
  }

  given(instance: Instance): Given {
    const outputs = instance.dependencies.flatMap((dependency) => {
      const other = this.#instances.get(dependency.instance)!;
      const made = this.journal.task(installId(other))?.outputs ?? {};
      return dependency.names.map((name) => [name, made] as const);
    });
    return { outputs: Object.fromEntries(outputs.reverse()), ports: this.ports(instance) };
  }

  /** The same for every attempt of one logical execution, different for any other on this machine. */
  keyOf(task: string, inputsDigest: Digest): string {
    const state = this.journal.task(task);
    const continues =
      state?.key !== undefined && state.status !== 'succeeded' && state.intentDigest === inputsDigest;
    if (continues) return state.key!;
    const parts = [this.runtime.root, this.input.infra.name, task, String((state?.generation ?? 0) + 1)];
    return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 32);
  }

  async point(point: string, task: string): Promise<void> {
    await this.runtime.options.onPoint?.(point, task);
  }
}

/** Id of the task that installs an extension. */
export function installId(instance: Instance): string {
  return `${instance.module.kind === 'cluster' ? 'cluster.install' : 'taskserv.install'}:${instance.id}`;
}
