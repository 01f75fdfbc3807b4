import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ProvError, writeFileAtomic } from '#base';
import type { KeyAlgorithm } from '#trust';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { signPassword } from '../../sign-password.js';
import { existing, keyFilesOf, writeKeyPair } from './key-files.js';

export async function run(context: CommandContext, { options }: CommandInput): Promise<CommandOutput> {
  const files = keyFilesOf(resolve(context.cwd, textOption(options, 'output') ?? 'prov'));
  const { privateKey, publicKey } = files;
  const { generateKeyPair, loadPrivateKey, loadPublicKey } = await import('#trust');
  const there = existing(files);
  if (there.length === 2 && options['ifMissing'] === true) {
    const { id, algorithm } = loadPublicKey(await readFile(publicKey, 'utf8'));
    return {
      data: { privateKey, publicKey, algorithm, keyId: id, generated: false },
      text: `kept ${privateKey}\nkey id      ${id}`,
    };
  }
  const password = signPassword(context.env);
  if (options['ifMissing'] === true && existsSync(privateKey)) {
    // A run that was killed left the private half: the public one follows from it.
    const { publicKey: kept } = await loadPrivateKey(await readFile(privateKey, 'utf8'), password);
    writeFileAtomic(publicKey, kept.pem);
    return {
      data: { privateKey, publicKey, algorithm: kept.algorithm, keyId: kept.id, generated: false },
      text: `kept ${privateKey}\npublic key  ${publicKey}\nkey id      ${kept.id}`,
    };
  }
  if (there[0] !== undefined) throw new ProvError('CLI_FILE_EXISTS', { path: there[0] });
  const pair = await generateKeyPair({
    algorithm: textOption(options, 'algorithm') as KeyAlgorithm | undefined,
    password,
  });
  const { id: keyId, algorithm } = pair.publicKey;
  writeKeyPair(files, pair);
  if (password === '')
    context.note(
      'the key has an empty password: set PROVISIONING_SIGN_PASSWORD before generating to protect it',
    );
  return {
    data: { privateKey, publicKey, algorithm, keyId, generated: true },
    text: `private key ${privateKey}\npublic key  ${publicKey}\nkey id      ${keyId}`,
  };
}
