import { ProvError } from '#base';
import { isReachableFrom } from '../http/private-address.js';
import { hostOf, parseTarget, type Target } from '../http/target.js';

/** Where the realm of a registry was when credentials first went to it; outlives the process when its owner wants that. */
export interface RealmPins {
  get(registry: string): string | undefined;
  set(registry: string, realm: string): void;
}

export interface RealmRuleOptions {
  readonly registry: Target;
  /** As the user wrote it: the key of the pins. */
  readonly name: string;
  /** Hosts that the user accepts as the new realm. */
  readonly trusted: readonly string[];
  /** The only host that the user's configuration allows. */
  readonly only?: string | undefined;
  readonly pins?: RealmPins | undefined;
}

/**
 * Decides where credentials of one registry may be exchanged for tokens: never from https to http, never
 * at an internal address that a public registry names, and always at the host where they first went, or at
 * the registry itself, unless the user trusts the new one.
 */
export class RealmRule {
  readonly #options: RealmRuleOptions;
  #pinned: string | undefined;
  /** What the pins say; read once. */
  #stored: { readonly realm: string | undefined } | undefined;

  constructor(options: RealmRuleOptions) {
    this.#options = options;
  }

  /** @throws OCI_AUTH_REALM_REFUSED, OCI_AUTH_REALM_CHANGED */
  check(realm: string, withCredentials: boolean): Target {
    const { registry, name, trusted, only, pins } = this.#options;
    const target = parseTarget(realm);
    if (target === undefined) throw this.#refused(realm, 'it is not an http or https address');
    const host = hostOf(target);
    if (registry.protocol === 'https:' && target.protocol === 'http:') {
      throw this.#refused(host, 'it is not encrypted while the registry is');
    }
    const itself = target.hostname === registry.hostname;
    const accepted = trusted.includes(host) || only === host;
    if (!accepted && !itself && !isReachableFrom(registry.hostname, target.hostname)) {
      throw this.#refused(host, 'it is an address inside a private network');
    }
    if (!withCredentials) return target;
    if (only !== undefined && only !== host)
      throw this.#refused(host, `the configuration allows only ${only}`);
    this.#stored ??= { realm: pins?.get(name) };
    const pinned = this.#pinned ?? this.#stored.realm;
    if (!accepted && !itself && pinned !== undefined && pinned !== host) {
      throw new ProvError('OCI_AUTH_REALM_CHANGED', { host: hostOf(registry), realm: host, pinned });
    }
    if (accepted || pinned === undefined) this.#pinned = host;
    return target;
  }

  /** Credentials were taken there: from now on, it is the place. */
  confirm(realm: Target): void {
    const { name, trusted, pins } = this.#options;
    const host = hostOf(realm);
    const stored = this.#stored?.realm;
    if (pins === undefined || stored === host || (stored !== undefined && !trusted.includes(host))) return;
    this.#stored = { realm: host };
    pins.set(name, host);
  }

  #refused(realm: string, reason: string): ProvError {
    return new ProvError('OCI_AUTH_REALM_REFUSED', {
      host: hostOf(this.#options.registry),
      realm,
      reason,
    });
  }
}
