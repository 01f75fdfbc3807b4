import { askCredentialHelper } from './credential-helper.js';
import { type CredentialSource, describeCredential } from './credential-source.js';

/** A helper that a configuration names for a host; `place` says where. @throws OCI_AUTH_HELPER_FAILED */
export function helperCredentials(helper: string, place: string, env: NodeJS.ProcessEnv): CredentialSource {
  const ask = (server: string, signal: AbortSignal | undefined) =>
    askCredentialHelper(helper, server, { env, signal, namedIn: place });
  const source = `${place}: security.credential_helpers`;
  return {
    async find({ registry }, options) {
      const credential = await ask(registry, options?.signal);
      return credential && { credential, source };
    },
    async explain({ registry }, options) {
      const credential = await ask(registry, options?.signal);
      if (credential === undefined)
        return {
          considered: [{ place: source, helper, outcome: 'empty', reason: 'the helper knows nothing of it' }],
        };
      const reason = describeCredential(credential);
      return {
        found: { credential, source },
        considered: [{ place: source, helper, outcome: 'chosen', reason }],
      };
    },
  };
}
