import { readFile } from 'node:fs/promises';
import { assertWithin, LIMITS, ProvError, registerSecret } from '#base';
import type { CallOptions } from '../../content-store.js';
import { askCredentialHelper } from './credential-helper.js';
import type { Credential, CredentialQuery, CredentialSource } from './credential-source.js';

type Section = Readonly<Record<string, unknown>>;

const DOCKER_HUB_KEYS = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];

/**
 * Credentials in docker's `config.json` or podman's `auth.json`. Keys may name a path
 * (`host/ns/name`); the most specific one wins, a helper before a stored value. A missing file knows nothing.
 * @throws OCI_AUTH_FILE_INVALID when the file is there but cannot be read; OCI_AUTH_HELPER_FAILED
 * @see containers-auth.json(5)
 */
export function authFileCredentials(path: string, env: NodeJS.ProcessEnv): CredentialSource {
  return {
    async find(query, options) {
      const file = await readAuthFile(path);
      if (file === undefined) return undefined;
      const auths = normalised(section(file, 'auths', path));
      const helpers = normalised(section(file, 'credHelpers', path));
      for (const key of keysFor(query)) {
        const helper = helpers.get(key);
        if (typeof helper === 'string') {
          const credential = await ask(helper, key, env, options);
          if (credential) return { credential, source: `${path}: credHelpers["${key}"]` };
        }
        const stored = storedCredential(auths.get(key), path);
        if (stored) return { credential: stored, source: `${path}: auths["${key}"]` };
      }
      const store = file['credsStore'];
      if (typeof store !== 'string' || store === '') return undefined;
      const credential = await ask(store, query.registry, env, options);
      return credential && { credential, source: `${path}: credsStore` };
    },
  };
}

/** Keys that may hold credentials for a repository, most specific first. */
function keysFor({ registry, repository }: CredentialQuery): readonly string[] {
  const parts = repository === undefined ? [] : repository.split('/');
  const hosts = DOCKER_HUB_KEYS.includes(registry) ? DOCKER_HUB_KEYS : [registry];
  const keys: string[] = [];
  for (let length = parts.length; length >= 0; length -= 1) {
    for (const host of hosts) keys.push([host, ...parts.slice(0, length)].join('/'));
  }
  return keys;
}

/** Docker writes `https://index.docker.io/v1/`, others a bare host. */
function normalised(entries: Section): ReadonlyMap<string, unknown> {
  const out = new Map<string, unknown>();
  for (const [key, value] of Object.entries(entries)) {
    out.set(
      key
        .replace(/^https?:\/\//, '')
        .replace(/\/v[12]\/?$/, '')
        .replace(/\/$/, ''),
      value,
    );
  }
  return out;
}

async function ask(helper: string, key: string, env: NodeJS.ProcessEnv, options: CallOptions | undefined) {
  const server = DOCKER_HUB_KEYS.includes(key) ? 'https://index.docker.io/v1/' : key;
  return askCredentialHelper(helper, server, { env, signal: options?.signal });
}

async function readAuthFile(path: string): Promise<Section | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ProvError('OCI_AUTH_FILE_INVALID', { path, reason: message }, { cause: error });
  }
  assertWithin(text.length, LIMITS.textFileBytes, path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which may hold a secret.
    throw new ProvError('OCI_AUTH_FILE_INVALID', { path, reason: 'it is not valid JSON' });
  }
  if (!isSection(value))
    throw new ProvError('OCI_AUTH_FILE_INVALID', { path, reason: 'it is not a JSON object' });
  return value;
}

function section(file: Section, name: string, path: string): Section {
  const value = file[name] ?? {};
  if (!isSection(value))
    throw new ProvError('OCI_AUTH_FILE_INVALID', { path, reason: `"${name}" is not an object` });
  return value;
}

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
  if (colon < 0)
    throw new ProvError('OCI_AUTH_FILE_INVALID', {
      path,
      reason: 'an "auth" is not base64 of user:password',
    });
  const password = pair.slice(colon + 1);
  return [pair.slice(0, colon), password === '' ? undefined : password];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
