import { ProvError } from '#base';
import type { ManagerContext, Rehearsed, RemoveTagsResult } from '#manager';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { planLines } from './plan-lines.js';
import { managerContext, referenceArgument } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const reference = await referenceArgument(input.args[0]!, context, input);
  if (reference.type !== 'remote' || reference.digest !== undefined)
    throw new ProvError('CLI_USAGE', { reason: 'name tags of a repository: NAME:TAG' });
  const tags = [...(reference.tag === undefined ? [] : [reference.tag]), ...input.rest];
  if (tags.length === 0) throw new ProvError('CLI_USAGE', { reason: 'name the tags to remove' });
  const { rehearsed, removeTags } = await import('#manager');
  const remove = (manager: ManagerContext) => removeTags({ reference, tags }, manager);
  const manager = managerContext(context, input);
  const dryRun = input.options['dryRun'] === true;
  const result: RemoveTagsResult & Rehearsed = await (dryRun ? rehearsed(manager, remove) : remove(manager));
  const lines = [
    ...result.removed.map((tag) => `${dryRun ? 'would remove' : 'removed'} ${result.repository}:${tag}`),
    ...result.absent.map((tag) => `${result.repository}:${tag} was not there`),
    ...planLines(result),
  ];
  return { data: result, text: lines.join('\n') };
}
