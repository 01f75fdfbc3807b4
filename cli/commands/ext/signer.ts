import { isProvError, ProvError } from '#base';
import type { Signer } from '#trust';
import type { CommandContext, CommandInput } from '../../command.js';
import { textOption } from '../../options.js';
import { signPassword } from '../../sign-password.js';
import { namingKeyFile } from './shared.js';

/** The signer of `--key`. @throws CLI_USAGE when there is none */
export async function requireSigner(context: CommandContext, { options }: CommandInput): Promise<Signer> {
  const path = textOption(options, 'key');
  if (path === undefined)
    throw new ProvError('CLI_USAGE', {
      reason: 'signing needs --key FILE',
      hint: 'Make one with prov key generate.',
    });
  return namingKeyFile(path, context, (pem) => openPrivateKey(pem, context.env));
}

/**
 * A private key with the password from the environment. Without one it is tried with the empty password, which
 * cosign allows. @throws TRUST_KEY_PASSWORD_MISSING, TRUST_KEY_PASSWORD_WRONG
 */
export async function openPrivateKey(pem: string, env: NodeJS.ProcessEnv): Promise<Signer> {
  const { loadPrivateKey } = await import('#trust');
  const password = signPassword(env);
  try {
    return await loadPrivateKey(pem, password);
  } catch (error) {
    if (password !== '' || !isProvError(error, 'TRUST_KEY_PASSWORD_WRONG')) throw error;
    throw new ProvError('TRUST_KEY_PASSWORD_MISSING', {}, { cause: error });
  }
}
