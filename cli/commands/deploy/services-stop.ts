import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { loadDeployment, withRuntime } from './deployment.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const deployment = await loadDeployment(context, input);
  const { stopServices } = await import('#runtime');
  return withRuntime(context, deployment, {}, async (runtime) => {
    const stopped = await stopServices(runtime, deployment.input, { signal: context.signal });
    return {
      data: { stopped },
      text: stopped.length === 0 ? 'nothing to stop' : stopped.map((name) => `stopped ${name}`).join('\n'),
    };
  });
}
