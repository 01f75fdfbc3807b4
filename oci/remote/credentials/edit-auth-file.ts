import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeDirectories, withFileLock, writeFileAtomic } from '#base';
import { parseAuthFile, readAuthFile, type Section, sectionOf } from './auth-file-content.js';
import { helperFor, normalisedKey, normalisedKeys, writtenKey } from './auth-keys.js';
import { eraseFromHelper, storeInHelper } from './credential-helper.js';
import type { Credential } from './credential-source.js';

export interface EditAuthOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

export interface StoredCredential {
  readonly path: string;
  /** The key in the file. */
  readonly key: string;
  /** The helper that keeps the secret; without one it stands in the file. */
  readonly helper?: string | undefined;
}

type Draft = Record<string, unknown>;

/**
 * Keeps a credential for `key` (`host[:port][/path]`): with the helper that the file names for it, else in the
 * file itself, mode 0600. Everything else in the file stays as it is; a failure leaves it untouched.
 * @throws OCI_AUTH_FILE_INVALID, OCI_AUTH_HELPER_FAILED, BASE_LOCK_HELD, BASE_FILE_UNWRITABLE
 */
export async function storeCredential(
  path: string,
  key: string,
  { credential, ...options }: EditAuthOptions & { readonly credential: Credential },
): Promise<StoredCredential> {
  const written = writtenKey(key);
  return edit(path, options, async (draft) => {
    const helper = helperOf(draft, key, path);
    const auths = section(draft, 'auths', path);
    for (const known of sameKeys(auths, key)) delete auths[known];
    if (helper === undefined) auths[written] = entryOf(credential);
    else {
      await storeInHelper(helper, written, { ...options, credential, namedIn: path });
      auths[written] = {};
    }
    return { path, key: written, helper };
  });
}

/**
 * Forgets what a file and its helpers hold for the keys that `covers` accepts, and says which those were.
 * @throws as `storeCredential`
 */
export async function removeCredentials(
  path: string,
  covers: (key: string) => boolean,
  options: EditAuthOptions & { readonly asked?: string | undefined },
): Promise<readonly StoredCredential[]> {
  if ((await readAuthFile(path)) === undefined) return [];
  return edit(path, options, async (draft) => {
    const auths = section(draft, 'auths', path);
    const removed: StoredCredential[] = [];
    const keys = new Set([...Object.keys(auths), ...Object.keys(section(draft, 'credHelpers', path))]);
    // A helper for everything may know the registry though the file does not list it.
    if (options.asked !== undefined && ![...keys].some((key) => normalisedKey(key) === options.asked))
      keys.add(writtenKey(options.asked));
    for (const key of keys) {
      if (key.startsWith('*') || !covers(normalisedKey(key))) continue;
      const helper = helperOf(draft, normalisedKey(key), path);
      const erased =
        helper !== undefined && (await eraseFromHelper(helper, key, { ...options, namedIn: path }));
      const listed = Object.hasOwn(auths, key);
      delete auths[key];
      if (listed || erased) removed.push({ path, key, helper: erased ? helper : undefined });
    }
    return removed;
  });
}

function helperOf(draft: Draft, key: string, path: string): string | undefined {
  const helpers = section(draft, 'credHelpers', path);
  const [same] = [...sameKeys(helpers, key), ...sameKeys(helpers, key.replace(/\/.*$/, ''))];
  const exact = same === undefined ? undefined : helpers[same];
  if (typeof exact === 'string' && exact !== '') return exact;
  return helperFor(normalisedKey(key), normalisedKeys(helpers), draft['credsStore']);
}

function sameKeys(entries: Section, key: string): string[] {
  const wanted = normalisedKey(writtenKey(key));
  return Object.keys(entries).filter((each) => normalisedKey(writtenKey(normalisedKey(each))) === wanted);
}

function entryOf({ username = '', password, identityToken }: Credential): Section {
  const pair = (text: string) => Buffer.from(`${username}:${text}`).toString('base64');
  return identityToken === undefined
    ? { auth: pair(password ?? '') }
    : { auth: pair(''), identitytoken: identityToken };
}

/** The section, made when it is missing so that it can be written to. */
function section(draft: Draft, name: 'auths' | 'credHelpers', path: string): Draft {
  const value = { ...sectionOf(draft, name, path) };
  if (name === 'auths') draft[name] = value;
  return value;
}

async function edit<T>(
  path: string,
  { signal }: EditAuthOptions,
  change: (draft: Draft) => Promise<T>,
): Promise<T> {
  makeDirectories(dirname(path), { mode: 0o700 });
  // A link is written through: people keep such files in a repository of their own.
  const real = existsSync(path) ? realpathSync(path) : path;
  return withFileLock(
    real,
    async () => {
      await readAuthFile(real);
      const before = existsSync(real) ? readFileSync(real, 'utf8') : '{}\n';
      const draft = { ...parseAuthFile(before, path) };
      const result = await change(draft);
      const indent = /^\{\r?\n([ \t]+)"/.exec(before)?.[1] ?? '\t';
      const after = `${JSON.stringify(draft, undefined, indent)}\n`;
      if (after !== before) writeFileAtomic(real, after, { mode: 0o600 });
      return result;
    },
    { signal },
  );
}
