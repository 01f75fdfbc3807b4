import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { formatBytes, managerContext, referenceArgument } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const reference = await referenceArgument(input.args[0]!, context, input);
  if (reference.type === 'directory')
    throw new ProvError('CLI_USAGE', {
      reason: 'inspect takes what is packed; use prov ext validate for a directory',
    });
  const { inspectReference } = await import('#manager');
  const result = await inspectReference(reference, managerContext(context, input));
  const layers = result.layers.map(
    ({ mediaType, digest, size, asset }) => `  ${digest}  ${formatBytes(size)}  ${asset ?? mediaType}`,
  );
  const text = [
    `${result.kind} ${result.name} ${result.version}`,
    result.description,
    `digest  ${result.digest}`,
    'layers',
    ...layers,
    `signatures  ${result.signatures}`,
  ].join('\n');
  return { data: result, text };
}
