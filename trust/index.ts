export type { ArtifactBytes, VerifyRequest } from './artifact-facts.js';
export { assertTrusted } from './assert-trusted.js';
export { bundleKeyId } from './bundle-document.js';
export { checkSignature } from './check-signature.js';
export type { Claims } from './claims.js';
export { combinePolicies } from './combine-policies.js';
export { exportPrivateKey, importPrivateKey, isUnprotectedKey } from './convert-key.js';
export { defaultPolicy, effectivePolicy } from './default-policy.js';
export { generateKeyPair, type KeyPair } from './generate-key-pair.js';
export {
  IMPORT_FORMATS,
  type ImportedPolicy,
  type ImportFormat,
  importPolicy,
} from './import/import-policy.js';
export type { ImportNote } from './import/policy-draft.js';
export { judgeStatuses, type StatusInput, type StatusStep, type StatusVerdict } from './judge-status.js';
export { KEY_ALGORITHMS, type KeyAlgorithm } from './key-algorithm.js';
export { type LintFinding, lintPolicy } from './lint-policy.js';
export { type ParsePolicyOptions, parseTrustPolicy, readTrustPolicy } from './parse-trust-policy.js';
export { policyForKeys } from './policy-for-keys.js';
export { policyLimits } from './policy-limits.js';
export { loadPrivateKey, type Signer } from './private-key.js';
export { loadPublicKey, type PublicKey } from './public-key.js';
export { REASONS, type Reason, type ReasonCode } from './reason.js';
export { type BuiltManifest, referrerManifest } from './referrer-manifest.js';
export type { LogicalRepository } from './repository-pattern.js';
export { type SignedArtifact, type SignInput, signArtifact } from './sign-artifact.js';
export { signatureManifest, signatureTag } from './signature-manifest.js';
export type { PreviousSigner } from './signer-continuity.js';
export type { LegacySignature } from './simple-signing.js';
export {
  buildStatus,
  MAX_STATUS_BYTES,
  readStatus,
  type StatusProblem,
  type StatusResult,
  type StatusStatement,
} from './status-envelope.js';
export type {
  Bind,
  Denial,
  EnforcementMode,
  Mirror,
  PolicyKey,
  PolicyLayer,
  PolicyLimits,
  PolicyRule,
  TrustPolicy,
  Voter,
} from './trust-policy.js';
export { trustsKey } from './trusts-key.js';
export { type PolicyCase, type PolicyTrial, readPolicyCases, tryPolicy } from './try-policy.js';
export type { LayerVerdict, SignerInfo, Verdict } from './verdict.js';
export { type VerifyInput, verifyArtifact } from './verify-artifact.js';
export { withoutKey } from './without-key.js';
