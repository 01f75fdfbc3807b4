import { canonicalJson, digestOf } from '#base';
import type { RunContext } from '../engine/run-context.js';
import type { Instance } from '../plan/place-extensions.js';

/**
 * Makes the services of an extension run with their present definitions, restarting those that run with
 * older ones. Returns the names of what was started; empty when all ran.
 * @throws RUNTIME_PROVIDER_FAILED
 */
export async function startInstance(
  context: RunContext,
  instance: Instance,
  options: { restart?: boolean } = {},
): Promise<readonly string[]> {
  const services = context.services(instance);
  if (services.length === 0) return [];
  const task = `services.start:${instance.id}`;
  const provider = context.provider(instance.server.provider);
  const server = instance.server.name;
  const { services: states } = await context.serverState(instance.server);
  const running = new Set(states.filter((each) => each.state === 'running').map((each) => each.name));
  const definitions = digestOf(canonicalJson(services));
  const outdated = options.restart === true || context.journal.task(task)?.startedDefinitions !== definitions;
  const names = services.map((each) => each.name);
  const stale = outdated ? names.filter((name) => running.has(name)) : [];
  const call = { task, signal: context.signal };
  context.forgetServer(server);
  if (stale.length > 0) await provider.stop(server, stale, call);
  const toStart = services.filter((each) => outdated || !running.has(each.name));
  if (toStart.length === 0) return [];
  const started = await provider.start(server, toStart, call);
  await context.journal.record('services.started', { definitions, services: names }, task);
  for (const { name } of toStart) {
    const pid = started.find((each) => each.name === name)?.pid ?? undefined;
    context.emit('service.started', {
      task,
      server,
      extension: instance.module.name,
      service: name,
      ...(pid === undefined ? {} : { pid }),
    });
  }
  return toStart.map((each) => each.name);
}
