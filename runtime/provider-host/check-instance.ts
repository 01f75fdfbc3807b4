import { ProvError } from '#base';
import type { RunContext } from '../engine/run-context.js';
import { type ProbeAnswer, probeHttp, probeTcp } from '../health/probe.js';
import { waitForHealth } from '../health/wait-for-health.js';
import type { Instance } from '../plan/place-extensions.js';

/** What is asked of an extension whose manifest has a health script but no `health`. */
const DEFAULT_HEALTH = { check: 'script', interval_seconds: 1, timeout_seconds: 10, retries: 30 } as const;
const MS = 1000;

export interface CheckOptions {
  /** Looks after the first; default from the manifest. */
  readonly retries?: number | undefined;
  readonly throwUnhealthy?: boolean;
}

export interface InstanceHealth extends ProbeAnswer {
  readonly server: string;
  readonly kind: string;
  readonly extension: string;
  readonly looks: number;
  readonly services: readonly { readonly name: string; readonly state: string; readonly restarts?: number }[];
}

/**
 * Looks whether an extension is healthy, as often as its manifest allows: its services run and its own
 * check (script, http or tcp), if it has one, agrees.
 * @throws RUNTIME_HEALTH_FAILED with `throwUnhealthy`
 */
export async function checkInstance(
  context: RunContext,
  instance: Instance,
  options: CheckOptions = {},
): Promise<InstanceHealth> {
  const { module, server } = instance;
  const health = module.manifest.health ?? DEFAULT_HEALTH;
  const about = { server: server.name, extension: module.name };
  const report = await waitForHealth(() => look(context, instance), {
    retries: options.retries ?? health.retries,
    intervalMs: health.interval_seconds * MS,
    signal: context.signal,
    onUnhealthy: ({ message }, looks) => context.emit('health.waiting', { ...about, message, looks }),
  });
  if (report.healthy)
    context.emit('health.passed', { ...about, message: report.message, looks: report.looks });
  else if (options.throwUnhealthy) {
    const extension = `${module.kind} ${module.name}`;
    throw new ProvError('RUNTIME_HEALTH_FAILED', {
      extension,
      server: server.name,
      reason: report.message,
      class: 'failed',
    });
  }
  const services = await servicesOf(context, instance);
  return { ...report, server: server.name, kind: module.kind, extension: module.name, services };
}

async function look(context: RunContext, instance: Instance): Promise<ProbeAnswer> {
  const { health, scripts } = instance.module.manifest;
  if (health === undefined && scripts?.['health'] === undefined) return servicesRun(context, instance);
  const timeoutMs = (health ?? DEFAULT_HEALTH).timeout_seconds * MS;
  if (health === undefined || health.check === 'script') return askScript(context, instance, timeoutMs);
  const port = health.port === undefined ? undefined : context.ports(instance)[health.port];
  if (port === undefined)
    return { healthy: false, message: `no port is reserved under the name ${health.port ?? '(none)'}` };
  const host = context.target(instance.server.name).address ?? '127.0.0.1';
  const target = { host, port, timeoutMs, signal: context.signal };
  return health.check === 'http' ? probeHttp(target, health.path ?? '/') : probeTcp(target);
}

async function askScript(context: RunContext, instance: Instance, timeoutMs: number): Promise<ProbeAnswer> {
  const { module } = instance;
  const script = module.manifest.scripts?.['health'];
  if (script === undefined)
    return { healthy: false, message: 'its manifest asks for a health script and names none' };
  const task = `health:${instance.id}`;
  const outcome = await context.scripts.invoke({
    module,
    op: 'health',
    script,
    task,
    attempt: 1,
    key: `${task}/${context.run}`,
    config: instance.config,
    target: context.scriptTarget(instance),
    outputs: { ...context.given(instance).outputs, [module.name]: context.own(instance) },
    timeoutMs,
    signal: context.signal,
  });
  const { status, message } = outcome.result;
  if (!outcome.ok) return { healthy: false, message: outcome.message };
  return {
    healthy: status === undefined || status === 'healthy',
    message: message ?? status ?? 'the health script agrees',
  };
}

async function servicesRun(context: RunContext, instance: Instance): Promise<ProbeAnswer> {
  const idle = (await servicesOf(context, instance)).filter((each) => each.state !== 'running');
  if (idle.length === 0) return { healthy: true, message: 'its services run' };
  return { healthy: false, message: idle.map((each) => `${each.name} is ${each.state}`).join(', ') };
}

async function servicesOf(context: RunContext, instance: Instance): Promise<InstanceHealth['services']> {
  const own = context.services(instance);
  if (own.length === 0) return [];
  context.forgetServer(instance.server.name);
  const { services } = await context.serverState(instance.server);
  return own.map(({ name }) => {
    const found = services.find((each) => each.name === name);
    const restarts = found?.restarts ?? undefined;
    return { name, state: found?.state ?? 'stopped', ...(restarts === undefined ? {} : { restarts }) };
  });
}
