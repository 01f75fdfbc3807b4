import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { managerContext, referenceArgument } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const reference = await referenceArgument(input.args[0]!, context, input);
  if (reference.type === 'directory') throw new ProvError('CLI_USAGE', { reason: 'a directory has no tags' });
  const { listTags } = await import('#manager');
  const result = await listTags(reference, managerContext(context, input));
  return { data: result, text: result.tags.join('\n') };
}
