import { counted, ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { managerContext, referenceArgument } from '../ext/shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const reference = await referenceArgument(input.args[0]!, context, input);
  if (reference.type !== 'remote')
    throw new ProvError('CLI_USAGE', { reason: 'only registries keep an index' });
  const { rebuildIndex } = await import('#manager');
  const result = await rebuildIndex(reference, managerContext(context, input));
  for (const { version, reason } of result.skipped) context.note(`left out ${version}: ${reason}`);
  const what =
    result.by === 'endpoint'
      ? 'is kept by the registry itself'
      : result.changed
        ? `was written: ${counted(result.versions, 'version')}, ${result.added.length} added, ${result.dropped.length} dropped`
        : `is right: ${counted(result.versions, 'version')}`;
  return { data: result, text: `the index of ${result.repository} ${what}` };
}
