import { isProvError } from '#base';
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

/** A place that was looked at, for people; never a secret. */
export interface Considered {
  /** A file and key, or the name of a variable. */
  readonly place: string;
  /**
   * `chosen`; `shadowed` by one that comes first; `empty`: nothing for this repository; `absent`: no such
   * file or variable; `other`: about other repositories; `failed`: it could not be read.
   */
  readonly outcome: 'chosen' | 'shadowed' | 'empty' | 'absent' | 'other' | 'failed';
  readonly reason: string;
  readonly helper?: string;
}

export interface CredentialExplanation {
  readonly found?: FoundCredential | undefined;
  readonly considered: readonly Considered[];
}

/** Finds what a user holds for a registry; asked only after the registry sent a challenge. */
export interface CredentialSource {
  find(query: CredentialQuery, options?: CallOptions): Promise<FoundCredential | undefined>;
  /** What `find` looks at, in order. */
  explain?(query: CredentialQuery, options?: CallOptions): Promise<CredentialExplanation>;
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
    async explain(query, options) {
      const considered: Considered[] = [];
      let found: FoundCredential | undefined;
      let failed = false;
      for (const source of sources) {
        const part = await explainSource(source, query, options);
        const late = found !== undefined || failed;
        considered.push(...part.considered.map((each) => (late ? shadowed(each, failed) : each)));
        if (!late) found = part.found;
        failed ||= found === undefined && part.considered.some(({ outcome }) => outcome === 'failed');
      }
      return { found, considered };
    },
  };
}

/** `find` stops at a source that fails; an explanation goes on, and says so. */
async function explainSource(
  source: CredentialSource,
  query: CredentialQuery,
  options: CallOptions | undefined,
): Promise<CredentialExplanation> {
  try {
    return (await source.explain?.(query, options)) ?? { considered: [] };
  } catch (error) {
    if (!isProvError(error) || options?.signal?.aborted) throw error;
    const place = String(error.details['path'] ?? error.details['namedIn'] ?? error.code);
    return { considered: [{ place, outcome: 'failed', reason: error.message }] };
  }
}

function shadowed(each: Considered, failed: boolean): Considered {
  if (each.outcome !== 'chosen') return each;
  const reason = failed ? 'an earlier place failed, which ends the search' : 'an earlier place won';
  return { ...each, outcome: 'shadowed', reason: `${reason} (${each.reason})` };
}

/** Never finds anything: every request stays anonymous. */
export const anonymousCredentials: CredentialSource = {
  find: async () => undefined,
  explain: async () => ({ considered: [] }),
};

/** These credentials, for whatever asks. */
export function givenCredentials(credential: Credential, source: string): CredentialSource {
  const found = { credential, source };
  return {
    find: async () => found,
    explain: async () => ({
      found,
      considered: [{ place: source, outcome: 'chosen', reason: describeCredential(credential) }],
    }),
  };
}

/** The form of a credential and its user name, for people. */
export function describeCredential({ username, password, identityToken }: Credential): string {
  const of = username === undefined || username === '' ? '' : ` of ${username}`;
  if (identityToken !== undefined) return `identity token${of}`;
  return password === undefined ? 'bearer token' : `password${of}`;
}
