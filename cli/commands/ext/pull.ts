import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { policyOption, UNVERIFIED } from './policy.js';
import { formatBytes, managerContext, referenceArgument } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const reference = await referenceArgument(input.args[0]!, context, input);
  if (reference.type === 'directory')
    throw new ProvError('CLI_USAGE', { reason: `${reference.path} is a directory already` });
  const { pullExtension } = await import('#manager');
  const policy = await policyOption(context, input, 'workspace');
  if (policy === undefined) context.note(UNVERIFIED);
  const result = await pullExtension(
    {
      reference,
      destination: textOption(input.options, 'destination'),
      policy,
      dryRun: input.options['dryRun'] === true,
    },
    managerContext(context, input),
  );
  const signer = result.signer === undefined ? '' : `\nsigned by ${result.signer}`;
  return {
    data: result,
    text: `${result.written ? 'pulled' : 'would pull'} ${result.reference}\ninto ${result.destination} (${formatBytes(result.size)})${signer}`,
  };
}
