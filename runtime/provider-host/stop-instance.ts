import type { RunContext } from '../engine/run-context.js';
import type { Instance } from '../plan/place-extensions.js';

/** Stops what runs of an extension's services and returns their names. @throws RUNTIME_PROVIDER_FAILED */
export async function stopInstance(context: RunContext, instance: Instance): Promise<readonly string[]> {
  const own = new Set(context.services(instance).map((each) => each.name));
  if (own.size === 0) return [];
  const { exists, services } = await context.serverState(instance.server);
  if (!exists) return [];
  const names = services
    .filter((each) => own.has(each.name) && each.state !== 'stopped')
    .map((each) => each.name);
  if (names.length === 0) return [];
  const task = `services.stop:${instance.id}`;
  context.forgetServer(instance.server.name);
  await context
    .provider(instance.server.provider)
    .stop(instance.server.name, names, { task, signal: context.signal });
  await context.journal.record('services.stopped', { services: names }, `services.start:${instance.id}`);
  for (const service of names) {
    context.emit('service.stopped', {
      task,
      server: instance.server.name,
      extension: instance.module.name,
      service,
    });
  }
  return names;
}
