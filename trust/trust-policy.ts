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

/** A signature that a rule asks for. */
export interface SignatureDemand {
  readonly by: Voter;
  /** Milliseconds; a signature without a trusted time does not count then. */
  readonly maxAge?: number | undefined;
}

/** What vouches for a signature besides its key, and how many of each a signature must carry to count. */
export type WitnessKind = 'log' | 'timestamp';
export type WitnessMinima = Readonly<Record<WitnessKind, number>>;

export interface PolicyRule {
  readonly id: string;
  readonly pattern: RepositoryPattern;
  readonly kind?: Kind | undefined;
  readonly version?: string | undefined;
  /** All of them must be satisfied. */
  readonly requires: readonly SignatureDemand[];
  readonly witnesses: WitnessMinima;
  /** What it does when nobody who signed the locked version signed this one. */
  readonly signerContinuity?: 'enforce' | 'warn' | undefined;
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
  /** Of one key, or of all keys of a principal. */
  readonly keyIds?: readonly string[] | undefined;
  /** What is proven to be signed before that still counts. */
  readonly compromisedAfter?: number | undefined;
  readonly reason: string;
  readonly from?: number | undefined;
  readonly until?: number | undefined;
}

export interface Mirror {
  readonly prefix: string;
  readonly signedAs: string;
}

/** Below prov's own limits; the lowest of all layers holds. */
export interface PolicyLimits {
  readonly signatures?: number | undefined;
  readonly bundleBytes?: number | undefined;
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
  readonly limits: PolicyLimits;
}

/** What is in force: an artifact must satisfy every layer, so a further layer can only tighten. */
export interface TrustPolicy {
  readonly layers: readonly PolicyLayer[];
  /** Of everything that can change a verdict; recorded in the lock. */
  readonly digest: Digest;
}
