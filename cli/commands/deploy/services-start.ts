import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { loadDeployment, withRuntime } from './deployment.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const deployment = await loadDeployment(context, input);
  const { startServices } = await import('#runtime');
  return withRuntime(context, deployment, {}, async (runtime) => {
    const started = await startServices(runtime, deployment.input, { signal: context.signal });
    return {
      data: { started },
      text: started.length === 0 ? 'nothing to start' : started.map((name) => `started ${name}`).join('\n'),
    };
  });
}
