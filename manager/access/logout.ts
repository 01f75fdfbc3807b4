import { existsSync, rmSync } from 'node:fs';
import { authFilePaths, removeCredentials, type StoredCredential, tokenDirectory, tokenFilePath } from '#oci';
import type { ManagerContext } from '../context.js';

export interface LogoutOptions {
  /** `host[:port]`; without one, `all` is every registry. */
  readonly registry?: string | undefined;
  readonly path?: string | undefined;
  /** Also what is stored for paths below. */
  readonly all?: boolean | undefined;
}

export interface LogoutResult {
  readonly removed: readonly StoredCredential[];
  /** Keys of the same registry that still are signed in. */
  readonly left: readonly string[];
}

/**
 * Forgets credentials in every file of the chain, in the helpers these name, and in our own token files.
 * @throws OCI_AUTH_FILE_INVALID, OCI_AUTH_HELPER_FAILED
 */
export async function logout(options: LogoutOptions, context: ManagerContext): Promise<LogoutResult> {
  const { registry, path, all = false } = options;
  const { env, signal } = context;
  const wanted = registry === undefined ? undefined : path === undefined ? registry : `${registry}/${path}`;
  const left = new Set<string>();
  const covers = (key: string) => {
    if (wanted === undefined) return all;
    if (key === wanted || (all && key.startsWith(`${wanted}/`))) return true;
    if (key.startsWith(`${wanted}/`)) left.add(key);
    return false;
  };
  const removed: StoredCredential[] = [];
  for (const file of authFilePaths(env))
    removed.push(...(await removeCredentials(file, covers, { env, signal, asked: wanted })));
  if (registry !== undefined && path === undefined) {
    const token = tokenFilePath(tokenDirectory(env), registry);
    if (existsSync(token)) {
      rmSync(token);
      removed.push({ path: token, key: registry });
    }
  }
  return { removed, left: [...left].sort() };
}
