export { activeDependencies, dependencyTarget } from './encode/dependency-target.js';
export type { BudgetExhausted, ResolutionFailure, ResolveResult, Unsatisfiable } from './failure.js';
export { type Change, withChanges } from './fixes/change.js';
export { FIXES_MS, type Fix, type Fixes, findFixes } from './fixes/find-fixes.js';
export { memoSource } from './fixes/memo-source.js';
export { type InstallOrderOptions, installOrder } from './lock/install-order.js';
export { entryFinder, entryKey, type LockGraph, lockGraph } from './lock/lock-graph.js';
export { type InconsistencyOptions, lockInconsistencies } from './lock/lock-inconsistencies.js';
export { type LockConflict, type MergedLock, mergeLocks } from './lock/merge-locks.js';
export type { PackageContent, RegistryContent } from './lock/package-content.js';
export { type PlanChange, type PlanRisk, planDiff } from './lock/plan-diff.js';
export { preferredProviders, preferredVersions } from './lock/preferred-versions.js';
export { contentKey, type LockInputs, solutionToLock } from './lock/solution-to-lock.js';
export { type SolutionFlaw, type SolveAgainOptions, solveAgain } from './lock/solve-again.js';
export type {
  ClosureRoot,
  ClosureSource,
  FactsSource,
  LookupOptions,
  MetadataSource,
  PackageMetadata,
  ProviderSource,
  VersionFacts,
} from './metadata/metadata-source.js';
export { type PackageId, packageId, sourceOf, splitPackageId, withoutAlias } from './package-id.js';
export type { Available, Cause, Overridden } from './proof/cause.js';
export { type CheckProofOptions, checkProof, type ProofFlaw } from './proof/check-proof.js';
export {
  type Explanation,
  explainFailure,
  explanationOf,
  explanationText,
} from './proof/explain-failure.js';
export { explainTree } from './proof/explain-tree.js';
export { failureDocument, type ShownFixes } from './proof/failure-document.js';
export type { Proof, ProofFact, ProofPackage, ProofStep, ProofTerm } from './proof/proof.js';
export type { Advisory, Constraint, Origin, Override, Requirement } from './requirement.js';
export { resolve } from './resolve.js';
export {
  DEFAULT_PRERELEASE,
  DEFAULT_SIGNATURES,
  DEFAULT_STEP_BUDGET,
  DEFAULT_STRATEGY,
  type PrereleasePolicy,
  type ResolveOptions,
  type SignaturePolicy,
  type Strategy,
} from './resolve-options.js';
export type {
  HeldBack,
  HeldBackReason,
  SkippedOptional,
  Solution,
  SolvedEdge,
  SolvedPackage,
  SolveStatistics,
} from './solution.js';
