import { ProvError } from '#base';
import type { Signer } from '#trust';
import type { CommandContext, CommandInput } from '../../command.js';
import { textOption } from '../../options.js';
import { signPassword } from '../../sign-password.js';
import { readKeyFile } from './shared.js';

/** The signer of `--key`. @throws CLI_USAGE when there is none */
export async function requireSigner(context: CommandContext, { options }: CommandInput): Promise<Signer> {
  const path = textOption(options, 'key');
  if (path === undefined)
    throw new ProvError('CLI_USAGE', {
      reason: 'signing needs --key FILE',
      hint: 'Make one with prov key generate.',
    });
  const { loadPrivateKey } = await import('#trust');
  return loadPrivateKey(await readKeyFile(path, context), signPassword(context.env));
}
