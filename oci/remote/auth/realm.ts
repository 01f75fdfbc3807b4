import { ProvError } from '#base';
import { isReachableFrom } from '../http/private-address.js';
import { hostOf, parseTarget, type Target } from '../http/target.js';

/**
 * Decides where credentials of one registry may be exchanged for tokens: never from https to http, never
 * at an internal address that a public registry names, and always at the first host met unless trusted.
 */
export class RealmRule {
  readonly #registry: Target;
  readonly #trusted: readonly string[];
  #pinned: string | undefined;

  constructor(registry: Target, trusted: readonly string[]) {
    this.#registry = registry;
    this.#trusted = trusted;
  }

  /** @throws OCI_AUTH_REALM_REFUSED */
  check(realm: string, withCredentials: boolean): Target {
    const target = parseTarget(realm);
    if (target === undefined) throw this.#refused(realm, 'it is not an http or https address');
    const host = hostOf(target);
    if (this.#registry.protocol === 'https:' && target.protocol === 'http:') {
      throw this.#refused(host, 'it is not encrypted while the registry is');
    }
    const trusted = this.#trusted.includes(host) || target.hostname === this.#registry.hostname;
    if (!trusted && !isReachableFrom(this.#registry.hostname, target.hostname)) {
      throw this.#refused(host, 'it is an address inside a private network');
    }
    if (!withCredentials) return target;
    if (!trusted && this.#pinned !== undefined && this.#pinned !== host) {
      throw this.#refused(host, `credentials went to ${this.#pinned} before`);
    }
    if (!trusted) this.#pinned = host;
    return target;
  }

  #refused(realm: string, reason: string): ProvError {
    return new ProvError('OCI_AUTH_REALM_REFUSED', { host: hostOf(this.#registry), realm, reason });
  }
}
