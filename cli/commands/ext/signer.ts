import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isProvError, ProvError, registerSecret } from '#base';
import { SIGNATURE_FORMS, type SignatureForm } from '#schemas';
import type { Signer } from '#trust';
import type { CommandContext, CommandInput } from '../../command.js';
import { textOption } from '../../options.js';
import { textFromStdin } from '../../read-secret.js';
import { signPassword } from '../../sign-password.js';
import { namingKey, readKeyFile } from './shared.js';

/**
 * The signer of `--key`: a file, `-` (standard input), `env:NAME` (the PEM in a variable) or `signer:NAME` (an
 * external program of the configuration). @throws CLI_USAGE when there is none
 */
export async function requireSigner(context: CommandContext, { options }: CommandInput): Promise<Signer> {
  const key = textOption(options, 'key');
  if (key === undefined)
    throw new ProvError('CLI_USAGE', {
      reason: 'signing needs --key FILE',
      hint: 'Make one with prov key generate.',
    });
  if (!key.startsWith('signer:')) {
    const pem = await readPrivateKey(key, context);
    return namingKey(keyPlace(key, context), () => openPrivateKey(pem, context.env));
  }
  const { externalSigner } = await import('#manager');
  return externalSigner(key.slice('signer:'.length), { env: context.env, signal: context.signal });
}

/** The form of `--signature-form`; undefined leaves it to the configuration. */
export function signatureFormGiven({ options }: CommandInput): SignatureForm | undefined {
  return SIGNATURE_FORMS.find((form) => form === options['signatureForm']);
}

/** How messages call the place of a key. */
export function keyPlace(place: string, { cwd }: CommandContext): string {
  if (place === '-') return 'on standard input';
  return place.startsWith('env:') ? `in ${place.slice('env:'.length)}` : resolve(cwd, place);
}

/**
 * The PEM that a private key's place holds.
 * @throws CLI_USAGE, BASE_FILE_MISSING, TRUST_KEY_EXPOSED for an unprotected key in a file that others can read
 */
export async function readPrivateKey(place: string, context: CommandContext): Promise<string> {
  if (place === '-') return textFromStdin('private key');
  if (place.startsWith('env:')) {
    const name = place.slice('env:'.length);
    const pem = context.env[name];
    if (pem === undefined || pem === '')
      throw new ProvError('CLI_USAGE', { reason: `the variable ${name} is not set` });
    registerSecret(pem);
    return pem;
  }
  const pem = await readKeyFile(place, context);
  const { isUnprotectedKey } = await import('#trust');
  const path = resolve(context.cwd, place);
  const mode = statSync(path).mode & 0o777;
  if (process.platform !== 'win32' && (mode & 0o077) !== 0 && isUnprotectedKey(pem))
    throw new ProvError('TRUST_KEY_EXPOSED', { path, mode: mode.toString(8) });
  return pem;
}

/**
 * A private key with the password from the environment. Without one it is tried with the empty password, which
 * cosign allows. @throws TRUST_KEY_PASSWORD_MISSING, TRUST_KEY_PASSWORD_WRONG
 */
async function openPrivateKey(pem: string, env: NodeJS.ProcessEnv): Promise<Signer> {
  const { loadPrivateKey } = await import('#trust');
  const password = signPassword(env);
  try {
    return await loadPrivateKey(pem, password);
  } catch (error) {
    if (password !== '' || !isProvError(error, 'TRUST_KEY_PASSWORD_WRONG')) throw error;
    throw new ProvError('TRUST_KEY_PASSWORD_MISSING', {}, { cause: error });
  }
}
