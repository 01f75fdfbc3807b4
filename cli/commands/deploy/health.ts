import { EXIT } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { loadDeployment, withRuntime } from './deployment.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const deployment = await loadDeployment(context, input);
  const { checkHealth } = await import('#runtime');
  return withRuntime(context, deployment, { readOnly: true }, async (runtime) => {
    const checks = await checkHealth(runtime, deployment.input, { retries: 0, signal: context.signal });
    if (checks.length === 0) context.note('nothing that is deployed has a health check');
    const unhealthy = checks.filter(({ healthy }) => !healthy);
    return {
      data: { healthy: unhealthy.length === 0, checks },
      table: {
        columns: ['server', 'extension', 'health', 'message'],
        rows: checks.map((check) => [
          check.server,
          `${check.kind} ${check.extension}`,
          check.healthy ? 'healthy' : 'unhealthy',
          check.message ?? '',
        ]),
      },
      ...(unhealthy.length === 0 ? {} : { exit: EXIT.failed }),
    };
  });
}
