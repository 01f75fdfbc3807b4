import { ProvError } from '#base';
import type { PublicKey } from '#trust';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { policyOption } from './policy.js';
import { managerContext, referenceArgument } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const reference = await referenceArgument(input.args[0]!, context, input);
  if (reference.type === 'directory')
    throw new ProvError('CLI_USAGE', { reason: 'a directory carries no signature' });
  const { policyForKeys } = await import('#trust');
  const own = input.options['publicKey'] as PublicKey | undefined;
  const policy = own === undefined ? await policyOption(context, input) : policyForKeys([own]);
  if (policy === undefined)
    throw new ProvError('CLI_USAGE', {
      reason: 'there is nothing to verify against',
      hint: 'Give --key FILE.pub or --policy FILE, or run it inside a workspace.',
    });
  const { verifyReference } = await import('#manager');
  const result = await verifyReference({ reference, policy }, managerContext(context, input));
  return {
    data: result,
    text: `verified ${result.reference}\nsigned by ${result.signer ?? 'nobody'} (rule ${result.rule ?? 'default'})`,
  };
}
