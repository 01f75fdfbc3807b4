import type { Section } from './auth-file-content.js';
import type { CredentialQuery } from './credential-source.js';

const DOCKER_HUB_KEYS: readonly string[] = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];
const DOCKER_HUB_SERVER = 'https://index.docker.io/v1/';

/** Keys that may hold credentials for a repository, most specific first. */
export function keysFor({ registry, repository }: CredentialQuery): readonly string[] {
  const parts = repository === undefined ? [] : repository.split('/');
  const hosts = DOCKER_HUB_KEYS.includes(registry) ? DOCKER_HUB_KEYS : [registry];
  const keys: string[] = [];
  for (let length = parts.length; length >= 0; length -= 1) {
    for (const host of hosts) keys.push([host, ...parts.slice(0, length)].join('/'));
  }
  return keys;
}

/** The key that a login writes, as docker and podman write it. */
export function writtenKey(key: string): string {
  return DOCKER_HUB_KEYS.includes(key) ? DOCKER_HUB_SERVER : key;
}

/** Docker writes `https://index.docker.io/v1/`, others a bare host. */
export function normalisedKey(key: string): string {
  return key
    .replace(/^https?:\/\//, '')
    .replace(/\/v[12]\/?$/, '')
    .replace(/\/$/, '');
}

export function normalisedKeys(entries: Section): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(entries).map(([key, value]) => [normalisedKey(key), value]));
}

/**
 * The helper that keeps the credentials of `key` (`host[:port][/path]`): the one named for it, else for its host, by name
 * or by `*.domain`, else the one for everything.
 */
export function helperFor(
  key: string,
  helpers: ReadonlyMap<string, unknown>,
  store: unknown,
): string | undefined {
  const named = [key, key.replace(/\/.*$/, '')].flatMap((each) => [each, ...wildcardsFor(each, helpers)]);
  const found = [...named.map((each) => helpers.get(each)), store];
  return found.find((helper): helper is string => typeof helper === 'string' && helper !== '');
}

/** The keys like `*.example.com` or `*.example.com/ns` that fit `key`, most specific first. */
export function wildcardsFor(key: string, entries: ReadonlyMap<string, unknown>): readonly string[] {
  const { host, path } = split(key);
  return [...entries.keys()]
    .filter((pattern) => {
      const wild = split(pattern);
      return (
        wild.host.startsWith('*.') &&
        wild.path === path &&
        host.endsWith(wild.host.slice(1)) &&
        host.length > wild.host.length - 1
      );
    })
    .sort((a, b) => b.length - a.length);
}

function split(key: string): { host: string; path: string } {
  const cut = key.indexOf('/');
  return cut < 0 ? { host: key, path: '' } : { host: key.slice(0, cut), path: key.slice(cut) };
}
