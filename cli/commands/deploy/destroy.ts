import { join } from 'node:path';
import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { loadDeployment, withRuntime } from './deployment.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { options } = input;
  const deployment = await loadDeployment(context, input);
  const { infra } = deployment.input;
  const servers = infra.servers.map(({ name }) => name);
  if (options['check'] === true)
    return {
      data: { servers },
      text: servers.map((name) => `would delete server ${name} with its data`).join('\n'),
    };
  if (options['yes'] !== true) {
    throw new ProvError('CLI_USAGE', {
      reason: `this deletes the servers ${servers.join(', ')} with their data`,
      hint: 'Add --yes if that is what you want.',
    });
  }
  const { foldState, readEventLog, removeDeployment } = await import('#runtime');
  return withRuntime(context, deployment, {}, async (runtime) => {
    const { tasks } = foldState(await readEventLog(join(deployment.workspace.root, '.runtime'), infra.name));
    const created = new Set(
      servers.filter((name) => tasks.get(`server.create:${name}`)?.inputsDigest !== undefined),
    );
    const result = await removeDeployment(runtime, deployment.input, { signal: context.signal });
    if (result.error !== undefined) throw result.error;
    const lines = servers.map((name) =>
      created.has(name) ? `deleted server ${name}` : `server ${name} was not deployed`,
    );
    return {
      data: { servers, status: result.status },
      text: lines.join('\n'),
    };
  });
}
