import { type ErrorCode, ProvError, registerSecret } from '#base';
import type { CredentialSource, FoundCredential } from '../credentials/credential-source.js';
import { hostOf, type Target } from '../http/target.js';
import { type Challenge, parseChallenges } from './challenge.js';
import { type RealmPins, RealmRule } from './realm.js';
import { coversScopes, mergeScopes } from './scope.js';
import { basicAuthorization, fetchToken, type Token, type TokenExchange } from './token.js';

export interface AuthorizerOptions {
  readonly origin: Target;
  /** As the user wrote it: the key of credentials. */
  readonly registry: string;
  readonly credentials: CredentialSource;
  readonly trustedRealms: readonly string[];
  readonly onlyRealm?: string | undefined;
  readonly realmPins?: RealmPins | undefined;
  readonly exchange: TokenExchange;
}

/** What a request needs to be allowed to do. */
export interface AuthNeed {
  readonly scopes: readonly string[];
  readonly repository?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes that are sent with it: a long upload starts with a token that lasts. */
  readonly bytes?: number | undefined;
}

/** Above this an upload is long. */
const LONG_BYTES = 1024 * 1024;
/** What a token has left when a long upload starts, or half its life when it lives shorter. */
const LONG_LEFT_MS = 60_000;

/** A 401, with the `Authorization` that was refused. */
export interface Refusal {
  readonly method: string;
  readonly path: string;
  readonly wwwAuthenticate: string | undefined;
  readonly sent: string | undefined;
  readonly round: number;
}

interface Held {
  readonly key: string;
  readonly scopes: readonly string[];
  readonly token: Promise<Token>;
  expiresAtMs: number;
  /** From then on it is too old for a long upload. */
  agedAtMs: number;
}

type Known =
  | { readonly scheme: 'basic' }
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service: string | undefined };

/** Rounds of 401 and another try, per request. */
export const AUTH_ROUNDS = 2;

/** Signs requests to one registry in: only after a challenge, with tokens kept and shared until they expire. */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #realms: RealmRule;
  readonly #found = new Map<string, Promise<FoundCredential | undefined>>();
  #held: Held[] = [];
  #known: Known | undefined;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
    this.#realms = new RealmRule({
      registry: options.origin,
      name: options.registry,
      trusted: options.trustedRealms,
      only: options.onlyRealm,
      pins: options.realmPins,
    });
  }

  /** `Authorization` for a request, undefined while the registry never asked for one. */
  async prepare(need: AuthNeed): Promise<string | undefined> {
    if (this.#known === undefined) return undefined;
    return this.#sign(this.#known, need);
  }

  /** Another `Authorization` after a 401. @throws OCI_AUTH_* when there is nothing better to send. */
  async answer(refusal: Refusal, need: AuthNeed): Promise<string> {
    const challenges = parseChallenges(refusal.wwwAuthenticate);
    const bearer = challenges.find(
      ({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'),
    );
    const chosen = bearer ?? challenges.find(({ scheme }) => scheme === 'basic');
    const found = await this.#credential(need);
    if (chosen === undefined) throw this.#unknown(refusal, challenges);
    if (refusal.round >= AUTH_ROUNDS) throw this.#failure(refusal, chosen, found);
    await this.#drop(refusal.sent);
    if (bearer === undefined) {
      this.#known = { scheme: 'basic' };
      const header = basicAuthorization(found?.credential);
      if (header === undefined || header === refusal.sent) throw this.#failure(refusal, chosen, found);
      return header;
    }
    const realm = bearer.parameters.get('realm')!;
    const known: Known = { scheme: 'bearer', realm, service: bearer.parameters.get('service') };
    this.#known = known;
    const asked = (bearer.parameters.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
    const header = await this.#sign(known, { ...need, scopes: mergeScopes(need.scopes, asked) });
    if (header === undefined || header === refusal.sent) throw this.#failure(refusal, chosen, found);
    return header;
  }

  async #sign(known: Known, need: AuthNeed): Promise<string | undefined> {
    const found = await this.#credential(need);
    if (known.scheme === 'basic') return basicAuthorization(found?.credential);
    const ready = found?.credential.registryToken;
    if (ready !== undefined) return `Bearer ${ready}`;
    return `Bearer ${(await this.#token(known, need, found)).value}`;
  }

  #token(
    known: Extract<Known, { scheme: 'bearer' }>,
    need: AuthNeed,
    found: FoundCredential | undefined,
  ): Promise<Token> {
    const { service } = known;
    const { username } = found?.credential ?? {};
    const key = JSON.stringify([known.realm, service, found?.source, username]);
    const now = Date.now();
    this.#held = this.#held.filter(({ expiresAtMs }) => expiresAtMs > now);
    const long = (need.bytes ?? 0) >= LONG_BYTES;
    const usable = this.#held.find(
      (held) => held.key === key && coversScopes(held.scopes, need.scopes) && !(long && held.agedAtMs <= now),
    );
    if (usable) return usable.token;
    const realm = this.#realms.check(known.realm, found !== undefined);
    const scopes = mergeScopes(need.scopes);
    const { registry, exchange } = this.#options;
    // Shared by all who need the same token, so it does not end with the signal of the first.
    const token = fetchToken({ realm, service, scopes, found, registry }, exchange);
    const held: Held = {
      key,
      scopes,
      token,
      expiresAtMs: Number.POSITIVE_INFINITY,
      agedAtMs: Number.POSITIVE_INFINITY,
    };
    // Before older ones that it covers as well.
    this.#held.unshift(held);
    token.then(
      ({ expiresAtMs }) => {
        held.expiresAtMs = expiresAtMs;
        const left = expiresAtMs - Date.now();
        held.agedAtMs = expiresAtMs - Math.min(LONG_LEFT_MS, left / 2);
        if (found !== undefined) this.#realms.confirm(realm);
      },
      () => {
        this.#held = this.#held.filter((each) => each !== held);
      },
    );
    return token;
  }

  async #drop(sent: string | undefined): Promise<void> {
    for (const held of [...this.#held]) {
      const value = await held.token.then(
        (token) => token.value,
        () => undefined,
      );
      if (value !== undefined && `Bearer ${value}` === sent)
        this.#held = this.#held.filter((each) => each !== held);
    }
  }

  #credential(need: AuthNeed): Promise<FoundCredential | undefined> {
    const key = need.repository ?? '';
    const known = this.#found.get(key);
    if (known) return known;
    const { registry, credentials } = this.#options;
    const found = credentials.find({ registry, repository: need.repository }).then((result) => {
      const { password, identityToken, registryToken } = result?.credential ?? {};
      for (const secret of [password, identityToken, registryToken])
        if (secret !== undefined) registerSecret(secret);
      return result;
    });
    this.#found.set(key, found);
    found.catch(() => this.#found.delete(key));
    return found;
  }

  #unknown(refusal: Refusal, challenges: readonly Challenge[]): ProvError {
    const host = hostOf(this.#options.origin);
    if (challenges.length === 0) return this.#error('OCI_AUTH_REQUIRED', refusal, {});
    const schemes = challenges.map(({ scheme }) => scheme).join(', ');
    return new ProvError('OCI_AUTH_SCHEME_UNKNOWN', { host, schemes });
  }

  #failure(refusal: Refusal, challenge: Challenge, found: FoundCredential | undefined): ProvError {
    if (found === undefined) return this.#error('OCI_AUTH_REQUIRED', refusal, {});
    const error = challenge.parameters.get('error');
    const reason = challenge.parameters.get('error_description') ?? error ?? 'no reason given';
    if (error === 'insufficient_scope') return this.#error('OCI_AUTH_FORBIDDEN', refusal, { reason });
    return this.#error('OCI_AUTH_REJECTED', refusal, { reason, source: found.source });
  }

  #error(code: ErrorCode, refusal: Refusal, more: Readonly<Record<string, string>>): ProvError {
    const { method, path } = refusal;
    return new ProvError(code, { host: hostOf(this.#options.origin), method, path, status: 401, ...more });
  }
}
