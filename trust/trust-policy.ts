import type { Digest } from '#base';
import type { Kind } from '#schemas';
import type { PublicKey } from './public-key.js';
import type { RepositoryPattern } from './repository-pattern.js';

/** Strict: signed name, version and kind must be the requested ones. Digest: cosign's bare signatures count too. */
export type Bind = 'strict' | 'digest';
export type EnforcementMode = 'enforce' | 'warn' | 'audit';

/** A key as one policy file knows it; times in milliseconds since the epoch. */
export interface PolicyKey {
  readonly name: string;
  readonly key: PublicKey;
  readonly status: 'active' | 'retired' | 'revoked';
  readonly validFrom?: number | undefined;
  readonly validUntil?: number | undefined;
  readonly trustSignedBefore?: number | undefined;
}

/** A person or machine (with one vote, however many keys), or a group that asks for some of its members. */
export type Voter =
  | { readonly type: 'principal'; readonly name: string; readonly keyIds: readonly string[] }
  | {
      readonly type: 'authority';
      readonly name: string;
      readonly threshold: number;
      readonly of: readonly Voter[];
    };

export interface PolicyRule {
  readonly id: string;
  readonly pattern: RepositoryPattern;
  readonly kind?: Kind | undefined;
  readonly version?: string | undefined;
  /** All of them must be satisfied. */
  readonly requires: readonly Voter[];
  readonly bind: Bind;
  readonly mode: EnforcementMode;
  readonly reason?: string | undefined;
  /** After this time a rule that only warns or audits enforces. */
  readonly until?: number | undefined;
}

export interface Denial {
  readonly digest?: Digest | undefined;
  readonly pattern?: RepositoryPattern | undefined;
  readonly versions?: string | undefined;
  readonly keyId?: string | undefined;
  readonly reason: string;
  readonly until?: number | undefined;
}

export interface Mirror {
  readonly prefix: string;
  readonly signedAs: string;
}

/** One policy file. */
export interface PolicyLayer {
  readonly source: string;
  readonly version: number;
  readonly expires?: number | undefined;
  readonly fallback: 'deny' | 'inherit';
  readonly keys: ReadonlyMap<string, PolicyKey>;
  /** Most specific first. */
  readonly rules: readonly PolicyRule[];
  readonly deny: readonly Denial[];
  readonly mirrors: readonly Mirror[];
}

/** What is in force: an artifact must satisfy every layer, so a further layer can only tighten. */
export interface TrustPolicy {
  readonly layers: readonly PolicyLayer[];
  /** Of everything that can change a verdict; recorded in the lock. */
  readonly digest: Digest;
}
