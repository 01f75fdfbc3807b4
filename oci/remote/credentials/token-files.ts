import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isProvError, registerSecret } from '#base';
import { invalid } from './auth-file-content.js';
import { type CredentialSource, describeCredential } from './credential-source.js';

const MAX_BYTES = 64 * 1024;
/** User name that goes with a bare token, as `prov login` has it by default. */
export const TOKEN_USERNAME = '_token';

/** The file of a registry below a directory of tokens. */
export function tokenFilePath(directory: string, registry: string): string {
  return join(directory, registry.replace(/[^A-Za-z0-9._-]/g, '_'));
}

/**
 * Tokens that stand alone in files named after their registry (`registry.example`, `localhost_5000`). Such a
 * file is nobody else's business: one that others can read is refused.
 * @throws OCI_AUTH_FILE_INVALID
 */
export function tokenFileCredentials(directory: string): CredentialSource {
  async function find(registry: string) {
    const path = tokenFilePath(directory, registry);
    const token = await readToken(path);
    if (token === undefined) return undefined;
    return { credential: { username: TOKEN_USERNAME, password: token }, source: path };
  }
  return {
    find: ({ registry }) => find(registry),
    async explain({ registry }) {
      const place = tokenFilePath(directory, registry);
      const found = await find(registry);
      if (found === undefined)
        return { considered: [{ place, outcome: 'absent', reason: 'there is no such file' }] };
      return {
        found,
        considered: [{ place, outcome: 'chosen', reason: describeCredential(found.credential) }],
      };
    },
  };
}

/** A file that a configuration names for a registry. */
export interface NamedTokenFile {
  readonly path: string;
  /** Where the configuration says so. */
  readonly place: string;
  /** False for what came with a workspace: a stranger could have any file sent to any host. */
  readonly trusted: boolean;
}

/** The token of a file that the user's configuration names; one that is missing is an error. @throws OCI_AUTH_FILE_INVALID */
export function namedTokenFileCredentials({ path, place, trusted }: NamedTokenFile): CredentialSource {
  const source = `${path} (${place}: auth_token_path)`;
  async function find() {
    if (!trusted) return undefined;
    const token = await readToken(path);
    if (token === undefined) throw invalid(path, `there is no such file; ${place} names it`);
    return { credential: { username: TOKEN_USERNAME, password: token }, source };
  }
  return {
    find,
    async explain() {
      const found = await find();
      if (found === undefined) {
        const reason =
          'a workspace may not say which file is sent where; sign in with prov login --token-file, or set it in your own configuration';
        return { considered: [{ place: source, outcome: 'other', reason }] };
      }
      const reason = describeCredential(found.credential);
      return { found, considered: [{ place: source, outcome: 'chosen', reason }] };
    },
  };
}

/** The token in a file, its line end left out; undefined when there is no file. @throws OCI_AUTH_FILE_INVALID */
export async function readToken(path: string): Promise<string | undefined> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw invalid(path, 'it is not a file');
    if (found.size > MAX_BYTES) throw invalid(path, `it has ${found.size} bytes, more than ${MAX_BYTES}`);
    if ((found.mode & 0o077) !== 0 && process.platform !== 'win32')
      throw invalid(path, 'others can read it; chmod 600 it');
    const token = (await readFile(path, 'utf8')).trim();
    if (token === '') throw invalid(path, 'it is empty');
    if (!/^[\x20-\x7e]+$/.test(token)) throw invalid(path, 'it is not one line of plain characters');
    registerSecret(token);
    return token;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (isProvError(error)) throw error;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw invalid(path, message);
  }
}
