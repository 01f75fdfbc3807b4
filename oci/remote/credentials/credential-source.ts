import type { CallOptions } from '../../content-store.js';

/** What a user holds for one registry. Exactly one of the three forms is used: password, identity token, bearer. */
export interface Credential {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** An OAuth2 refresh token; exchanged at the realm, never sent to the registry. */
  readonly identityToken?: string | undefined;
  /** A ready bearer token, sent as it is to the registry only. */
  readonly registryToken?: string | undefined;
}

export interface FoundCredential {
  readonly credential: Credential;
  /** Where it came from, without any secret: `~/.docker/config.json: auths["host/ns"]`. */
  readonly source: string;
}

export interface CredentialQuery {
  /** `host[:port]` as the user wrote it. */
  readonly registry: string;
  /** `namespace/name`; lets path-scoped keys match. */
  readonly repository?: string | undefined;
}

/** Finds what a user holds for a registry; asked only after the registry sent a challenge. */
export interface CredentialSource {
  find(query: CredentialQuery, options?: CallOptions): Promise<FoundCredential | undefined>;
}

/** The first source that knows the registry wins. */
export function chainCredentials(...sources: readonly CredentialSource[]): CredentialSource {
  return {
    async find(query, options) {
      for (const source of sources) {
        const found = await source.find(query, options);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** Never finds anything: every request stays anonymous. */
export const anonymousCredentials: CredentialSource = { find: async () => undefined };
