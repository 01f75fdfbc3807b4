import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { managerContext, referenceArgument } from './shared.js';
import { requireSigner, signatureFormGiven } from './signer.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const reference = await referenceArgument(input.args[0]!, context, input);
  if (reference.type !== 'remote')
    throw new ProvError('CLI_USAGE', { reason: 'only what is on a registry can be signed' });
  const signer = await requireSigner(context, input);
  const { signReference } = await import('#manager');
  const result = await signReference(
    { reference, signer, form: signatureFormGiven(input) },
    managerContext(context, input),
  );
  return {
    data: result,
    text: `${result.added ? 'signed' : 'already signed'} ${result.reference}\nby key ${result.keyId}`,
  };
}
