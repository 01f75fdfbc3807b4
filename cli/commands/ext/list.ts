import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { foundOutput } from './found-extensions.js';
import { managerContext, referenceDefaults } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { registry, namespace } = await referenceDefaults(context, input);
  const { findExtensions } = await import('#manager');
  const { parseKind } = await import('#schemas');
  const kind = textOption(input.options, 'kind');
  const result = await findExtensions(
    {
      registry,
      ...(input.options['all'] === true ? {} : { namespace }),
      kind: kind === undefined ? undefined : parseKind(kind),
    },
    managerContext(context, input),
  );
  const where = input.options['all'] === true ? registry : `${registry}/${namespace}`;
  return foundOutput(result, `no extension in ${where}`, context);
}
