import type { PackageId } from '../package-id.js';
import type { Cause } from './cause.js';

/** `package` is an index into `Proof.packages`; `versions` are ascending indexes into its versions. */
export interface ProofTerm {
  readonly package: number;
  readonly versions: readonly number[];
  /** Whether "not selected at all" is in the set too. */
  readonly absent: boolean;
}

/** Terms that cannot all hold at once. No terms: nothing can hold, there is no solution. */
export interface ProofFact {
  readonly terms: readonly ProofTerm[];
  readonly cause: Cause;
}

/**
 * The rule of resolution: from `left` and `right` (facts first, then earlier steps) follows `terms`:
 * on `pivot` the union of both sets, on every other package the intersection.
 */
export interface ProofStep {
  readonly left: number;
  readonly right: number;
  readonly pivot: number;
  readonly terms: readonly ProofTerm[];
}

export interface ProofPackage {
  readonly name: string;
  /** Ascending. Empty: no such package. */
  readonly versions: readonly string[];
  /** `optional` and `capability` are bookkeeping packages that stand for a choice. */
  readonly role: 'extension' | 'capability' | 'optional';
  readonly location?: string;
  /** Of an extension: its id and, when a version is known, its kind. */
  readonly id?: PackageId;
  readonly kind?: string;
  /** Tags that are not versions. */
  readonly ignoredTags?: readonly string[];
  readonly offline?: true;
}

/** Why there is no solution: facts, and steps whose last one has no terms. Plain JSON. */
export interface Proof {
  readonly packages: readonly ProofPackage[];
  readonly facts: readonly ProofFact[];
  readonly steps: readonly ProofStep[];
  /** Set when time ran out before it was known that every fact is needed. */
  readonly perhapsNotMinimal?: true;
}
