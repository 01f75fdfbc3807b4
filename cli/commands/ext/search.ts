import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { foundOutput } from './found-extensions.js';
import { managerContext, referenceDefaults } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { registry } = await referenceDefaults(context, input);
  const { findExtensions } = await import('#manager');
  const { parseKind } = await import('#schemas');
  const kind = textOption(input.options, 'kind');
  const query = [input.args[0]!, ...input.rest].join(' ');
  const result = await findExtensions(
    {
      registry,
      query,
      namespace: textOption(input.options, 'namespace'),
      kind: kind === undefined ? undefined : parseKind(kind),
    },
    managerContext(context, input),
  );
  return foundOutput(result, `nothing on ${registry} fits "${query}"`, context);
}
