import { registerSecret } from '#base';
import { invalid, isSection, readAuthFile, type Section, sectionOf } from './auth-file-content.js';
import { helperFor, keysFor, normalisedKeys, wildcardsFor, writtenKey } from './auth-keys.js';
import { askCredentialHelper } from './credential-helper.js';
import {
  type Considered,
  type Credential,
  type CredentialSource,
  describeCredential,
  type FoundCredential,
} from './credential-source.js';

/** One thing in a file that may hold the credentials, in the order in which they are tried. */
interface Candidate {
  readonly place: string;
  readonly read: () => Promise<Credential | undefined>;
  readonly helper?: string;
}

/**
 * Credentials in docker's `config.json` or podman's `auth.json`. Keys may name a path (`host/ns/name`); the
 * most specific one wins, a helper before a stored value, a key of its own before `*.domain`. A missing file
 * knows nothing.
 * @throws OCI_AUTH_FILE_INVALID when the file is there but cannot be used; OCI_AUTH_HELPER_FAILED
 * @see containers-auth.json(5)
 */
export function authFileCredentials(path: string, env: NodeJS.ProcessEnv): CredentialSource {
  return {
    async find(query, options) {
      const file = await readAuthFile(path);
      if (file === undefined) return undefined;
      for (const { place, read } of candidates(file, path, { query, env, signal: options?.signal })) {
        const credential = await read();
        if (credential) return { credential, source: place };
      }
      return undefined;
    },
    async explain(query, options) {
      const file = await readAuthFile(path);
      if (file === undefined)
        return { considered: [{ place: path, outcome: 'absent', reason: 'there is no such file' }] };
      const considered: Considered[] = [];
      let found: FoundCredential | undefined;
      for (const { place, read, helper } of candidates(file, path, { query, env, signal: options?.signal })) {
        const named = helper === undefined ? {} : { helper };
        if (found !== undefined) {
          considered.push({ place, ...named, outcome: 'shadowed', reason: 'a more specific key won' });
          continue;
        }
        const credential = await read();
        if (credential === undefined) {
          const reason = helper === undefined ? 'the entry holds nothing' : 'the helper knows nothing of it';
          considered.push({ place, ...named, outcome: 'empty', reason });
          continue;
        }
        found = { credential, source: place };
        considered.push({ place, ...named, outcome: 'chosen', reason: describeCredential(credential) });
      }
      considered.push(...others(file, path, query.registry, keysFor(query)));
      if (considered.length === 0)
        considered.push({ place: path, outcome: 'empty', reason: `it has no key for ${query.registry}` });
      return { found, considered };
    },
  };
}

interface Looking {
  readonly query: Parameters<CredentialSource['find']>[0];
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal | undefined;
}

function candidates(file: Section, path: string, { query, env, signal }: Looking): Candidate[] {
  const auths = normalisedKeys(sectionOf(file, 'auths', path));
  const helpers = normalisedKeys(sectionOf(file, 'credHelpers', path));
  const store = file['credsStore'];
  const out: Candidate[] = [];
  const helped = (helper: string, place: string, server: string) =>
    out.push({
      place,
      helper,
      read: () => askCredentialHelper(helper, writtenKey(server), { env, signal, namedIn: path }),
    });
  for (const key of keysFor(query)) {
    for (const pattern of [key, ...wildcardsFor(key, helpers)]) {
      const helper = helpers.get(pattern);
      if (typeof helper === 'string' && helper !== '')
        helped(helper, `${path}: credHelpers["${pattern}"]`, key);
    }
    if (auths.has(key)) {
      const place = `${path}: auths["${key}"]`;
      out.push({ place, read: async () => storedCredential(auths.get(key), path) });
      // A login for a path leaves an empty entry, and the secret with the helper of the registry.
      const helper = key.includes('/') ? helperFor(key, helpers, store) : undefined;
      if (helper !== undefined && isEmpty(auths.get(key)))
        helped(helper, `${path}: helper of auths["${key}"]`, key);
    }
  }
  if (typeof store === 'string' && store !== '') helped(store, `${path}: credsStore`, query.registry);
  return out;
}

/** Keys of the same registry that are about other repositories: what people look for when theirs is not found. */
function others(file: Section, path: string, registry: string, keys: readonly string[]): Considered[] {
  return [...normalisedKeys(sectionOf(file, 'auths', path)).keys()]
    .filter((key) => key.startsWith(`${registry}/`) && !keys.includes(key))
    .map((key) => ({
      place: `${path}: auths["${key}"]`,
      outcome: 'other' as const,
      reason: 'it is about other repositories',
    }));
}

function isEmpty(entry: unknown): boolean {
  return isSection(entry) && Object.keys(entry).length === 0;
}

function storedCredential(entry: unknown, path: string): Credential | undefined {
  if (!isSection(entry)) return undefined;
  const identityToken = text(entry['identitytoken']);
  const registryToken = text(entry['registrytoken']);
  const [username, password] = userAndPassword(entry, path);
  for (const secret of [identityToken, registryToken, password])
    if (secret !== undefined) registerSecret(secret);
  if (identityToken !== undefined) return { username, identityToken };
  if (registryToken !== undefined) return { registryToken };
  return username === undefined || password === undefined ? undefined : { username, password };
}

function userAndPassword(entry: Section, path: string): [string | undefined, string | undefined] {
  const auth = text(entry['auth']);
  if (auth === undefined) return [text(entry['username']), text(entry['password'])];
  const pair = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = pair.indexOf(':');
  if (colon < 0) throw invalid(path, 'an "auth" is not base64 of user:password');
  const password = pair.slice(colon + 1);
  return [pair.slice(0, colon), password === '' ? undefined : password];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
