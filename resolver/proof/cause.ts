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
}

/** Why a fact holds. Each type has one sentence and at most one hint. */
export type Cause =
  | {
      readonly type: 'requirement';
      readonly range: string;
      readonly target: string;
      readonly available?: Available;
      readonly origin: Origin;
      readonly targetKind?: string;
      readonly overridden?: Overridden;
    }
  | {
      readonly type: 'dependency';
      readonly range: string;
      readonly optional: boolean;
      /** What the dependency is called where it is written: a package or a capability. */
      readonly target: string;
      readonly available?: Available;
      readonly targetKind?: string;
      readonly overridden?: Overridden;
    }
  | { readonly type: 'conflict'; readonly range: string; readonly target: string }
  | { readonly type: 'offer'; readonly capability: string; readonly version: string }
  | { readonly type: 'choice'; readonly target: string }
  | { readonly type: 'exclusive'; readonly capability: string }
  | { readonly type: 'same-name'; readonly name: string }
  | { readonly type: 'platform'; readonly platform: string }
  | { readonly type: 'compatibility'; readonly needs: string; readonly provVersion: string }
  | { readonly type: 'yanked'; readonly reason?: string }
  | { readonly type: 'revoked'; readonly reason?: string }
  | { readonly type: 'prerelease' }
  | { readonly type: 'too-new'; readonly publishedBefore: string }
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'malformed'; readonly reason: string };
