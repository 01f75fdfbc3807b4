import { resolve } from 'node:path';
import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { signPassword } from '../../sign-password.js';
import { readPrivateKey } from '../ext/signer.js';
import { writeSecretFile } from './key-files.js';

/** The private half goes into a file of its owner only, never to the terminal. */
export async function run(context: CommandContext, { args, options }: CommandInput): Promise<CommandOutput> {
  const output = textOption(options, 'output');
  if ((output === undefined) === (options['public'] !== true))
    throw new ProvError('CLI_USAGE', {
      reason: 'say what to export',
      hint: 'Give --public to print the public key, or --output FILE for the private key as PKCS#8.',
    });
  const pem = await readPrivateKey(args[0]!, context);
  const { exportPrivateKey, loadPrivateKey } = await import('#trust');
  const password = signPassword(context.env);
  if (output === undefined) {
    const { publicKey } = await loadPrivateKey(pem, password);
    const { id: keyId, algorithm } = publicKey;
    return { data: { publicKey: publicKey.pem, algorithm, keyId }, text: publicKey.pem.trimEnd() };
  }
  const path = resolve(context.cwd, output);
  writeSecretFile(path, await exportPrivateKey(pem, password));
  context.note('the exported key is not encrypted: who can read the file can sign');
  return {
    data: { privateKey: path, encrypted: false },
    text: `private key ${path} (PKCS#8, not encrypted)`,
  };
}
