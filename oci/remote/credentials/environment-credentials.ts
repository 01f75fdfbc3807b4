import { registerSecret } from '#base';
import { type CredentialSource, describeCredential, type FoundCredential } from './credential-source.js';

const URL_NAME = 'PROVISIONING_REGISTRY__URL';

export interface EnvironmentCredentialsOptions {
  /**
   * Hosts (`host[:port]`) that they are for when `PROVISIONING_REGISTRY__URL` names none. Default: none, so that no
   * registry gets them by asking.
   */
  readonly hosts?: readonly string[] | undefined;
}

/**
 * `PROVISIONING_REGISTRY_USERNAME` and `_PASSWORD`, or `_TOKEN` (a bearer token; with a user name it is
 * the password), for the host of `PROVISIONING_REGISTRY__URL` only; without that for the hosts of the options.
 */
export function environmentCredentials(
  env: NodeJS.ProcessEnv,
  options: EnvironmentCredentialsOptions = {},
): CredentialSource {
  const covers = (registry: string) => hostsOf(env, options).includes(registry.toLowerCase());
  return {
    async find({ registry }) {
      const found = read(env);
      return covers(registry) ? found : undefined;
    },
    async explain({ registry }) {
      const found = read(env);
      if (found === undefined) {
        const reason = 'PROVISIONING_REGISTRY_PASSWORD and PROVISIONING_REGISTRY_TOKEN are not set';
        return { considered: [{ place: 'environment', outcome: 'absent', reason }] };
      }
      if (!covers(registry)) {
        const only = hostPart(env[URL_NAME]);
        const reason =
          only === undefined ? notNamed(registry) : `PROVISIONING_REGISTRY__URL says that it is for ${only}`;
        return { considered: [{ place: found.source, outcome: 'other', reason }] };
      }
      const reason = describeCredential(found.credential);
      return { found, considered: [{ place: found.source, outcome: 'chosen', reason }] };
    },
  };
}

/** What a user should know whose credentials in the environment were not used for a registry; never a secret. */
export function unusedEnvironment(
  env: NodeJS.ProcessEnv,
  registry: string,
  options: EnvironmentCredentialsOptions,
): string | undefined {
  const found = read(env);
  if (found === undefined || hostPart(env[URL_NAME]) !== undefined) return undefined;
  if (hostsOf(env, options).includes(registry.toLowerCase())) return undefined;
  return `${found.source} is not used for ${registry}: ${notNamed(registry)}`;
}

/** Whether the environment holds credentials at all. */
export function hasEnvironmentCredentials(env: NodeJS.ProcessEnv): boolean {
  return read(env) !== undefined;
}

function notNamed(registry: string): string {
  return `it goes only to a registry that you named; set PROVISIONING_REGISTRY__URL=${registry}, or give --registry`;
}

function hostsOf(env: NodeJS.ProcessEnv, { hosts = [] }: EnvironmentCredentialsOptions): readonly string[] {
  const only = hostPart(env[URL_NAME]);
  return only === undefined ? hosts.map((host) => host.toLowerCase()) : [only];
}

function read(env: NodeJS.ProcessEnv): FoundCredential | undefined {
  const username = env['PROVISIONING_REGISTRY_USERNAME'] || undefined;
  const password = env['PROVISIONING_REGISTRY_PASSWORD'] || undefined;
  const token = env['PROVISIONING_REGISTRY_TOKEN'] || undefined;
  for (const secret of [password, token]) if (secret !== undefined) registerSecret(secret);
  if (username !== undefined && (password ?? token) !== undefined)
    return {
      credential: { username, password: password ?? token },
      source: 'PROVISIONING_REGISTRY_USERNAME',
    };
  if (token === undefined) return undefined;
  return { credential: { registryToken: token }, source: 'PROVISIONING_REGISTRY_TOKEN' };
}

function hostPart(url: string | undefined): string | undefined {
  if (!url) return undefined;
  return url
    .replace(/^[a-z]+:\/\//i, '')
    .replace(/\/.*$/, '')
    .toLowerCase();
}
