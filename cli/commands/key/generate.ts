import { existsSync, mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ProvError, writeFileAtomic } from '#base';
import type { KeyAlgorithm } from '#trust';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { signPassword } from '../../sign-password.js';

export async function run(context: CommandContext, { options }: CommandInput): Promise<CommandOutput> {
  const prefix = resolve(context.cwd, textOption(options, 'output') ?? 'prov');
  const [privateKey, publicKey] = [`${prefix}.key`, `${prefix}.pub`];
  const { generateKeyPair, loadPublicKey } = await import('#trust');
  const there = [privateKey, publicKey].filter((path) => existsSync(path));
  if (there.length === 2 && options['ifMissing'] === true) {
    const { id, algorithm } = loadPublicKey(await readFile(publicKey, 'utf8'));
    return {
      data: { privateKey, publicKey, algorithm, keyId: id, generated: false },
      text: `kept ${privateKey}\nkey id      ${id}`,
    };
  }
  if (there[0] !== undefined) throw new ProvError('CLI_FILE_EXISTS', { path: there[0] });
  const password = signPassword(context.env);
  const pair = await generateKeyPair({
    algorithm: textOption(options, 'algorithm') as KeyAlgorithm | undefined,
    password,
  });
  const { id: keyId, algorithm } = pair.publicKey;
  mkdirSync(dirname(prefix), { recursive: true });
  // The private half first: a public key without it would be of no use.
  writeFileAtomic(privateKey, pair.privateKeyPem, { mode: 0o600 });
  writeFileAtomic(publicKey, pair.publicKeyPem);
  if (password === '')
    context.note(
      'the key has an empty password: set PROVISIONING_SIGN_PASSWORD before generating to protect it',
    );
  return {
    data: { privateKey, publicKey, algorithm, keyId, generated: true },
    text: `private key ${privateKey}\npublic key  ${publicKey}\nkey id      ${keyId}`,
  };
}
