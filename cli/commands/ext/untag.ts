import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { managerContext, referenceArgument } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const reference = await referenceArgument(input.args[0]!, context, input);
  if (reference.type !== 'remote' || reference.digest !== undefined)
    throw new ProvError('CLI_USAGE', { reason: 'name tags of a repository: NAME:TAG' });
  const tags = [...(reference.tag === undefined ? [] : [reference.tag]), ...input.rest];
  if (tags.length === 0) throw new ProvError('CLI_USAGE', { reason: 'name the tags to remove' });
  const { removeTags } = await import('#manager');
  const result = await removeTags({ reference, tags }, managerContext(context, input));
  const lines = [
    ...result.removed.map((tag) => `removed ${result.repository}:${tag}`),
    ...result.absent.map((tag) => `${result.repository}:${tag} was not there`),
  ];
  return { data: result, text: lines.join('\n') };
}
