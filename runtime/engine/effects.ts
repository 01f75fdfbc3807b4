import { ProvError } from '#base';
import type { TaskProducts } from '../event-log/events.js';
import type { ScriptOutcome } from '../executor/run-script.js';
import type { Instance } from '../plan/place-extensions.js';
import type { PlanTask } from '../plan/plan.js';
import { stopInstance } from '../provider-host/stop-instance.js';
import type { RunContext } from './run-context.js';
import type { Attempt, Work } from './work.js';

const NOTHING: TaskProducts & { changed: boolean } = { outputs: {}, services: [], changed: false };

/** Making a server. A provider finds it by its name, so an interrupted attempt is simply made again. */
export function serverWork(context: RunContext, task: PlanTask): Work {
  return {
    task,
    given: { outputs: {}, ports: {} },
    idempotent: true,
    async execute(attempt) {
      context.forgetServer(task.server);
      const target = await context.provider(task.provider).create(task.server, { task: task.id, ...attempt });
      return { outputs: target, services: [], changed: true };
    },
  };
}

/** Reserving ports. The provider keeps them by name, so asking again gives the same. */
export function portsWork(context: RunContext, task: PlanTask): Work {
  const instance = context.instanceOf(task);
  return {
    task,
    given: { outputs: {}, ports: {} },
    idempotent: true,
    async execute(attempt) {
      const provider = context.provider(task.provider);
      const ports: Record<string, number> = {};
      for (const name of task.ports ?? []) {
        const preferred = preferredPort(instance, name);
        const port = { server: task.server, name: portKey(instance, name), preferred };
        ports[name] = await provider.allocatePort(port, { task: task.id, ...attempt });
      }
      return { outputs: { ports }, services: [], changed: true };
    },
  };
}

/** Installing an extension: its `install` script, then `configure` if it has one. */
export function installWork(context: RunContext, task: PlanTask): Work {
  const instance = context.instanceOf(task);
  const { module } = instance;
  const scripts = module.manifest.scripts ?? {};
  const call = async (op: string, script: string, attempt: Attempt): Promise<ScriptOutcome> => {
    const outcome = await context.scripts.invoke({
      module,
      op,
      script,
      task: task.id,
      ...attempt,
      config: instance.config,
      target: context.scriptTarget(instance),
      outputs: context.given(instance).outputs,
      timeoutMs: context.runtime.options.taskTimeoutMs,
    });
    return outcome;
  };
  const check = scripts['check'];
  return {
    task,
    given: context.given(instance),
    idempotent: isIdempotent(instance, 'install'),
    version: module.version,
    async beforeUpdate() {
      await stopInstance(context, instance);
    },
    async execute(attempt) {
      let products = NOTHING;
      for (const op of ['install', 'configure']) {
        const script = scripts[op];
        if (script === undefined) continue;
        const { ok, ...outcome } = await call(op, script, attempt);
        if (!ok) throw taskError(task, outcome, context.runtime.options.taskTimeoutMs);
        const { result } = outcome;
        products = {
          outputs: { ...products.outputs, ...result.outputs },
          services: result.services ?? products.services,
          changed: products.changed || (result.changed ?? true),
        };
      }
      return products;
    },
    ...(check === undefined
      ? {}
      : {
          async check(attempt: Attempt) {
            const outcome = await call('check', check, attempt);
            const { status, outputs, services } = outcome.result;
            if (!outcome.ok || (status !== 'done' && status !== 'absent'))
              return { status: 'unknown' as const };
            if (status === 'absent') return { status };
            const told = services !== undefined || Object.keys(outputs).length > 0;
            return { status, ...(told ? { products: { outputs, services: services ?? [] } } : {}) };
          },
        }),
  };
}

/** A script's failure as the task's error. @see retry-policy for what follows from the class */
export function taskError(task: PlanTask, outcome: Omit<ScriptOutcome, 'ok'>, timeoutMs: number): ProvError {
  const { class: failure = 'failed', message, exit, logFile, result } = outcome;
  const common = { task: task.id, class: failure, reason: message, log: logFile };
  if (failure === 'cancelled') return new ProvError('RUNTIME_CANCELLED', common);
  if (failure === 'timed_out') return new ProvError('RUNTIME_TASK_TIMED_OUT', { ...common, timeoutMs });
  const { retryAfterMs } = result;
  const more = {
    ...(exit === undefined ? {} : { exit }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  return new ProvError('RUNTIME_TASK_FAILED', { ...common, ...more });
}

export function isIdempotent(instance: Instance, op: string): boolean {
  const { manifest } = instance.module;
  return manifest.scripts?.[op] === undefined || (manifest.idempotent ?? []).includes(op);
}

/** Name under which the provider keeps the port: two extensions may both call theirs `http`. */
function portKey(instance: Instance, name: string): string {
  return `${instance.id.slice(instance.server.name.length + 1)}/${name}`.toLowerCase();
}

/** What the configuration asks for: `ports.NAME`, or `port` when there is only one. */
function preferredPort(instance: Instance, name: string): number | undefined {
  const { ports, port } = instance.config as { ports?: Readonly<Record<string, unknown>>; port?: unknown };
  const only =
    (instance.module.manifest.permissions?.network ?? []).filter((each) => each.startsWith('listen:'))
      .length === 1;
  const value = ports?.[name] ?? (only ? port : undefined);
  return typeof value === 'number' && value > 0 ? value : undefined;
}
