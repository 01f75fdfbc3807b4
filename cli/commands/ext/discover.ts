import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { managerContext, referenceArgument } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const reference = await referenceArgument(input.args[0]!, context, input);
  if (reference.type === 'directory')
    throw new ProvError('CLI_USAGE', { reason: 'nothing is attached to a directory' });
  const { discoverReferrers } = await import('#manager');
  const result = await discoverReferrers(
    reference,
    textOption(input.options, 'artifactType'),
    managerContext(context, input),
  );
  const lines = result.referrers.map(
    ({ artifactType, digest }, i, all) =>
      `${i === all.length - 1 ? '└──' : '├──'} ${artifactType ?? 'unknown type'}\n${i === all.length - 1 ? '   ' : '│  '} └── ${digest}`,
  );
  return { data: result, text: [result.reference, ...lines].join('\n') };
}
