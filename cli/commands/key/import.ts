import { resolve } from 'node:path';
import { registerSecret } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { signPassword } from '../../sign-password.js';
import { namingKey } from '../ext/shared.js';
import { keyPlace, readPrivateKey } from '../ext/signer.js';
import { keyFilesOf, writeKeyPair } from './key-files.js';

export async function run(context: CommandContext, { args, options }: CommandInput): Promise<CommandOutput> {
  const files = keyFilesOf(resolve(context.cwd, textOption(options, 'output') ?? 'prov'));
  const pem = await readPrivateKey(args[0]!, context);
  const seal = signPassword(context.env);
  const password = context.env['PROVISIONING_IMPORT_PASSWORD'];
  if (password !== undefined && password !== '') registerSecret(password);
  const { importPrivateKey } = await import('#trust');
  const pair = await namingKey(keyPlace(args[0]!, context), () =>
    importPrivateKey(pem, { password: password ?? seal, seal }),
  );
  writeKeyPair(files, pair);
  if (seal === '')
    context.note(
      'the key has an empty password: set PROVISIONING_SIGN_PASSWORD before importing to protect it',
    );
  const { id: keyId, algorithm } = pair.publicKey;
  return {
    data: { ...files, algorithm, keyId },
    text: `private key ${files.privateKey}\npublic key  ${files.publicKey}\nkey id      ${keyId}`,
  };
}
