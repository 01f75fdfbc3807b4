import { registerSecret } from '#base';
import type { CredentialSource } from './credential-source.js';

/**
 * `PROVISIONING_REGISTRY_USERNAME` and `_PASSWORD`, or `_TOKEN` (a bearer token; with a user name it is
 * the password). When `PROVISIONING_REGISTRY__URL` is set they are for that host only, otherwise for any
 * registry that asks.
 */
export function environmentCredentials(env: NodeJS.ProcessEnv): CredentialSource {
  return {
    async find({ registry }) {
      const username = env['PROVISIONING_REGISTRY_USERNAME'] || undefined;
      const password = env['PROVISIONING_REGISTRY_PASSWORD'] || undefined;
      const token = env['PROVISIONING_REGISTRY_TOKEN'] || undefined;
      for (const secret of [password, token]) if (secret !== undefined) registerSecret(secret);
      const only = hostPart(env['PROVISIONING_REGISTRY__URL']);
      if (only !== undefined && only !== registry) return undefined;
      if (username !== undefined && (password ?? token) !== undefined) {
        return {
          credential: { username, password: password ?? token },
          source: 'PROVISIONING_REGISTRY_USERNAME',
        };
      }
      if (token === undefined) return undefined;
      return { credential: { registryToken: token }, source: 'PROVISIONING_REGISTRY_TOKEN' };
    },
  };
}

function hostPart(url: string | undefined): string | undefined {
  if (!url) return undefined;
  return url.replace(/^[a-z]+:\/\//i, '').replace(/\/.*$/, '');
}
