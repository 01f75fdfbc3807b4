import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ProvError, writeError, writeFileAtomic } from '#base';
import type { KeyAlgorithm } from '#trust';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { signPassword } from '../../sign-password.js';

export async function run(context: CommandContext, { options }: CommandInput): Promise<CommandOutput> {
  const prefix = resolve(context.cwd, textOption(options, 'output') ?? 'prov');
  const [privateKey, publicKey] = [`${prefix}.key`, `${prefix}.pub`];
  const { generateKeyPair, loadPrivateKey, loadPublicKey } = await import('#trust');
  const there = [privateKey, publicKey].filter((path) => existsSync(path));
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
  makeDirectory(dirname(prefix));
  // The private half first: a public key without it would be of no use. It never replaces another: of two
  // runs at once one fails, and no private half is left with the public one of the other.
  writeNewFile(privateKey, pair.privateKeyPem);
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

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw writeError(path, error);
  }
}

/** Appears whole under its name, or not at all when the name is taken. @throws CLI_FILE_EXISTS */
function writeNewFile(path: string, text: string): void {
  const staged = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  writeFileAtomic(staged, text, { mode: 0o600 });
  try {
    linkSync(staged, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new ProvError('CLI_FILE_EXISTS', { path });
    throw writeError(path, error);
  } finally {
    rmSync(staged, { force: true });
  }
}
