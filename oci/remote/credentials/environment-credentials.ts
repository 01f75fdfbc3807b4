import { registerSecret } from '#base';
import { type CredentialSource, describeCredential, type FoundCredential } from './credential-source.js';

const URL_NAME = 'PROVISIONING_REGISTRY__URL';

export interface EnvironmentCredentialsOptions {
  /** Only when `PROVISIONING_REGISTRY__URL` names the registry: for hosts that the user did not name, as mirrors. */
  readonly namedOnly?: boolean | undefined;
}

/**
 * `PROVISIONING_REGISTRY_USERNAME` and `_PASSWORD`, or `_TOKEN` (a bearer token; with a user name it is
 * the password). When `PROVISIONING_REGISTRY__URL` is set they are for that host only, otherwise for any
 * registry that asks.
 */
export function environmentCredentials(
  env: NodeJS.ProcessEnv,
  { namedOnly = false }: EnvironmentCredentialsOptions = {},
): CredentialSource {
  const only = hostPart(env[URL_NAME]);
  const covers = (registry: string) => (only === undefined ? !namedOnly : only === registry);
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
        const reason =
          only === undefined
            ? 'without PROVISIONING_REGISTRY__URL it is not for hosts that the command does not name'
            : `PROVISIONING_REGISTRY__URL says that it is for ${only}`;
        return { considered: [{ place: found.source, outcome: 'other', reason }] };
      }
      const reason = describeCredential(found.credential);
      return { found, considered: [{ place: found.source, outcome: 'chosen', reason }] };
    },
  };
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
  return url.replace(/^[a-z]+:\/\//i, '').replace(/\/.*$/, '');
}
