import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeDirectories, ProvError, writeError, writeFileAtomic } from '#base';
import type { KeyPair } from '#trust';

export interface KeyFiles {
  readonly privateKey: string;
  readonly publicKey: string;
}

export function keyFilesOf(prefix: string): KeyFiles {
  return { privateKey: `${prefix}.key`, publicKey: `${prefix}.pub` };
}

/** Which of the two are there. */
export function existing({ privateKey, publicKey }: KeyFiles): readonly string[] {
  return [privateKey, publicKey].filter((path) => existsSync(path));
}

/**
 * Writes a pair under names that are free. The private half comes first: a public key without it would be of no use.
 * It never replaces another: of two runs at once one fails, and no private half is left with the public one of the
 * other. @throws CLI_FILE_EXISTS, BASE_FILE_UNWRITABLE
 */
export function writeKeyPair(files: KeyFiles, pair: KeyPair): void {
  const [there] = existing(files);
  if (there !== undefined) throw new ProvError('CLI_FILE_EXISTS', { path: there });
  writeSecretFile(files.privateKey, pair.privateKeyPem);
  writeFileAtomic(files.publicKey, pair.publicKeyPem);
}

/** Readable by its owner only; appears whole under its name, or not at all when the name is taken. @throws CLI_FILE_EXISTS */
export function writeSecretFile(path: string, text: string): void {
  makeDirectories(dirname(path));
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
