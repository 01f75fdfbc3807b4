import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { toYaml } from '../../present/to-yaml.js';
import { managerContext, referenceDefaults } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { registry, namespace } = await referenceDefaults(context, input);
  const { describeClient } = await import('#manager');
  const check = input.options['check'] === true;
  const result = await describeClient({ registry, namespace, check }, managerContext(context, input));
  return { data: result, text: toYaml(result) };
}
