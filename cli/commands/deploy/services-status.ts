import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { loadDeployment, withRuntime } from './deployment.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const deployment = await loadDeployment(context, input);
  const { serviceStatus } = await import('#runtime');
  return withRuntime(context, deployment, { readOnly: true }, async (runtime) => {
    const services = await serviceStatus(runtime, deployment.input, { signal: context.signal });
    if (services.length === 0) context.note('no services are deployed');
    return {
      data: { services },
      table: {
        columns: ['server', 'service', 'state', 'pid'],
        rows: services.map(({ server, name, state, pid }) => [server, name, state, pid ? String(pid) : '']),
      },
    };
  });
}
