import { ProvError } from '#base';
import type { ManagerContext, Rehearsed, SetTagsResult } from '#manager';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { planLines } from './plan-lines.js';
import { managerContext, referenceArgument } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const reference = await referenceArgument(input.args[0]!, context, input);
  if (reference.type !== 'remote')
    throw new ProvError('CLI_USAGE', { reason: 'only what is on a registry is tagged' });
  if (input.rest.length === 0) throw new ProvError('CLI_USAGE', { reason: 'name the tags to set' });
  const { rehearsed, setTags } = await import('#manager');
  const set = (manager: ManagerContext) => setTags({ reference, tags: input.rest }, manager);
  const manager = managerContext(context, input);
  const dryRun = input.options['dryRun'] === true;
  const result: SetTagsResult & Rehearsed = await (dryRun ? rehearsed(manager, set) : set(manager));
  const lines = [
    ...result.set.map((tag) => `${dryRun ? 'would set ' : ''}${result.repository}:${tag} → ${result.digest}`),
    ...result.unchanged.map((tag) => `${result.repository}:${tag} was there already`),
    ...planLines(result),
  ];
  return { data: result, text: lines.join('\n') };
}
