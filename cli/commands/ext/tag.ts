import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { managerContext, referenceArgument } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const reference = await referenceArgument(input.args[0]!, context, input);
  if (reference.type !== 'remote')
    throw new ProvError('CLI_USAGE', { reason: 'only what is on a registry is tagged' });
  if (input.rest.length === 0) throw new ProvError('CLI_USAGE', { reason: 'name the tags to set' });
  const { setTags } = await import('#manager');
  const result = await setTags({ reference, tags: input.rest }, managerContext(context, input));
  const lines = [
    ...result.set.map((tag) => `${result.repository}:${tag} → ${result.digest}`),
    ...result.unchanged.map((tag) => `${result.repository}:${tag} was there already`),
  ];
  return { data: result, text: lines.join('\n') };
}
