import type { PackageId } from '../package-id.js';
import type { Origin } from '../requirement.js';

/** The range that was really asked for, when an override replaced it. */
export interface Overridden {
  readonly range: string;
  readonly origin: Origin;
}

/** What there is of a package of which nothing fits: where it was looked up, its versions, its kind. */
export interface Available {
  readonly location: string;
  readonly versions: readonly string[];
  readonly kind?: string;
  /** Tags that are not versions. */
  readonly ignoredTags?: readonly string[];
  /** No registry was asked: only what is kept on this machine is known. */
  readonly offline?: true;
}

/** Why a fact holds. Each type has one sentence and at most one hint. */
export type Cause =
  | {
      readonly type: 'requirement';
      readonly range: string;
      readonly target: string;
      readonly id: PackageId;
      readonly available?: Available;
      readonly origin: Origin;
      readonly targetKind?: string;
      /** Only the version of this digest will do. */
      readonly digest?: string;
      /** No override of another layer replaces it. */
      readonly final?: boolean;
      readonly overridden?: Overridden;
    }
  | {
      readonly type: 'dependency';
      readonly range: string;
      readonly optional: boolean;
      /** What the dependency is called where it is written: a package or a capability. */
      readonly target: string;
      readonly id: PackageId;
      readonly available?: Available;
      readonly targetKind?: string;
      /** It counts on these platforms only. */
      readonly platforms?: readonly string[];
      readonly overridden?: Overridden;
    }
  | { readonly type: 'conflict'; readonly range: string; readonly target: string }
  /** If it is there, it must be in this range. With an origin: the user says so, else a manifest. */
  | { readonly type: 'constraint'; readonly range: string; readonly target: string; readonly origin?: Origin }
  | { readonly type: 'offer'; readonly capability: string; readonly version: string }
  | { readonly type: 'choice'; readonly target: string }
  | { readonly type: 'exclusive'; readonly capability: string }
  | { readonly type: 'same-name'; readonly name: string }
  | { readonly type: 'platform'; readonly platform: string }
  | { readonly type: 'compatibility'; readonly needs: string; readonly provVersion: string }
  | { readonly type: 'yanked'; readonly reason?: string }
  | { readonly type: 'revoked'; readonly reason?: string }
  | { readonly type: 'prerelease' }
  | {
      readonly type: 'too-new';
      readonly publishedBefore: string;
      readonly publishedAt: string;
      readonly minAgeSeconds?: number;
    }
  /** Nobody signed when it was published, so it may be younger than it says. */
  | { readonly type: 'age-unknown'; readonly publishedBefore: string }
  | { readonly type: 'advisory'; readonly range: string; readonly advisory: string }
  /** Nothing but the locked version may be selected. */
  | { readonly type: 'locked'; readonly version: string }
  /** For a question about a solution: this version is in it. */
  | { readonly type: 'selected'; readonly target: string; readonly version: string }
  /** For a question about a solution: this optional dependency is taken. */
  | { readonly type: 'taken'; readonly target: string }
  /** For a question about a solution: would a newer version do (`wanted`), with this one no older (`kept`)? */
  | {
      readonly type: 'at-least';
      readonly why: 'kept' | 'wanted';
      readonly target: string;
      readonly version: string;
    }
  /** A refused version is what the requirements lead to; while signatures are strict nothing takes its place. */
  | {
      readonly type: 'no-fallback';
      readonly version: string;
      /** From a requirement of the user to the package, by name. */
      readonly path: readonly string[];
      /** Further refused versions of the same solution. */
      readonly also: readonly { readonly name: string; readonly version: string; readonly reason: string }[];
      /** What would be selected if signatures were not strict, without a version: none of it; absent: no solution. */
      readonly alternative?: { readonly name: string; readonly version?: string };
    }
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'malformed'; readonly reason: string };

/** Whether a fact is where a reading begins: nothing else brings it about. */
export function isRoot({ type }: Cause): boolean {
  return type === 'requirement' || type === 'no-fallback';
}
