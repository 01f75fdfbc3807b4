export {
  type ClientDescription,
  type DescribeClientOptions,
  describeClient,
} from './access/describe-client.js';
export { type AccessExplanation, explainAccess } from './access/explain-access.js';
export { type LoginOptions, type LoginResult, login } from './access/login.js';
export { type LogoutOptions, type LogoutResult, logout } from './access/logout.js';
export { type AssetPath, withAssetCache } from './assets/asset-cache.js';
export { type AuditFinding, type AuditRequest, type AuditResult, auditLock } from './audit/audit-lock.js';
export type { LicencePolicy } from './audit/licence-policy.js';
export { type LicenceRow, listLicences } from './audit/list-licences.js';
export {
  type DeleteOptions,
  type DeletePlan,
  type DeleteResult,
  deleteReference,
  planDelete,
} from './catalogue/delete-reference.js';
export { describeReference, type ReferenceInfo } from './catalogue/describe-reference.js';
export {
  type FindOptions,
  type FindResult,
  type FoundExtension,
  findExtensions,
} from './catalogue/find-extensions.js';
export { type PackageVersion, type PackageVersions, readPackage } from './catalogue/read-package.js';
export { type RemoveTagsResult, removeTags, type SetTagsResult, setTags } from './catalogue/set-tags.js';
export type { ManagerContext, ManagerEvent, MirrorRule, TransportOptions } from './context.js';
export {
  type AttachedFile,
  type AttachFilesOptions,
  type AttachFilesResult,
  attachFiles,
} from './copy/attach-file.js';
export { type CopyReferenceOptions, type CopyReferenceResult, copyReference } from './copy/copy-reference.js';
export {
  type ExportReferencesOptions,
  type ExportReferencesResult,
  exportReferences,
} from './copy/export-references.js';
export { type ImportLayoutOptions, importLayout } from './copy/import-layout.js';
export { type PushStoredOptions, pushStored } from './copy/push-stored.js';
export type { CopiedItem, CopySummary } from './copy/run-copy.js';
export { selectTags, type TagSelection } from './copy/select-tags.js';
export { lockedAs } from './explain/locked-as.js';
export { type Outdated, type OutdatedRequest, outdated } from './explain/outdated.js';
export { type ExplainForm, unresolvable } from './explain/unresolvable.js';
export { type WhyEdge, type WhyResult, whyLocked } from './explain/why.js';
export { type WhyNotRequest, type WhyNotResult, whyNot } from './explain/why-not.js';
export { type FetchLockRequest, type FetchLockResult, fetchLock } from './fetch/fetch-lock.js';
export { type RebuildIndexResult, rebuildIndex } from './index-document/rebuild-index.js';
export {
  type DiscoverNode,
  type DiscoverOptions,
  type DiscoverRelation,
  type DiscoverResult,
  discoverReferrers,
} from './inspect/discover.js';
export { withExtensionTree } from './inspect/extension-tree.js';
export { globMatcher } from './inspect/glob.js';
export {
  type InspectArtifactResult,
  type InspectedArchive,
  inspectArtifact,
} from './inspect/inspect-artifact.js';
export {
  type InspectedLayer,
  type InspectForeignResult,
  type InspectResult,
  inspectReference,
  readRaw,
} from './inspect/inspect-reference.js';
export { listTags } from './inspect/list-tags.js';
export { type PackageSource, packageAt } from './inspect/package-source.js';
export { validatePackage } from './inspect/validate-package.js';
export { type InstallRequest, installLock } from './install/install-lock.js';
export { assertUsable, type UsableOptions } from './lifecycle/assert-usable.js';
export {
  describeLifecycle,
  type Lifecycle,
  type LifecycleRequest,
  readLifecycle,
} from './lifecycle/read-lifecycle.js';
export { type SetStatusOptions, type SetStatusResult, setStatus } from './lifecycle/set-status.js';
export { type CheckLockResult, checkLock, type LockProblem } from './lock/check-lock.js';
export { type DiffLocksRequest, diffLocks } from './lock/diff-locks.js';
export { type MergeLockRequest, type MergeLockResult, mergeLock } from './lock/merge-lock.js';
export { type ValidateResult, validateWorkspace } from './lock/validate-workspace.js';
export { type ExportMirrorOptions, exportMirror } from './mirror/export-mirror.js';
export { type ImportMirrorOptions, importMirror } from './mirror/import-mirror.js';
export { type PackOptions, type PackResult, packToLayout } from './publish/pack-to-layout.js';
export { type PublishOptions, type PublishResult, publishExtension } from './publish/publish-extension.js';
export { type PushOptions, type PushResult, pushExtension } from './publish/push-extension.js';
export { runExtensionTests, type TestOutcome } from './publish/run-extension-tests.js';
export { type PullArtifactOptions, type PullArtifactResult, pullArtifact } from './pull/pull-artifact.js';
export { type PullOptions, type PullResult, pullExtension } from './pull/pull-extension.js';
export { type EditRequirementRequest, editRequirement } from './resolve/edit-requirement.js';
export { readLock, requireLock, writeLock } from './resolve/lock-file.js';
export {
  type ResolveWorkspaceOptions,
  type ResolveWorkspaceResult,
  resolveWorkspace,
  type UpdateRequest,
} from './resolve/resolve-workspace.js';
export { createSbom, SBOM_FORMATS, type Sbom, type SbomFormat } from './sbom/create-sbom.js';
export { type Rehearsed, rehearsed } from './transfer/rehearsed.js';
export {
  reportTransfer,
  type TransferOperation,
  type TransferOutcome,
  type TransferReport,
} from './transfer/report-transfer.js';
export { type ManyOptions, type ManyOutcomes, runMany } from './transfer/run-many.js';
export { assertAccepted, assertDeployable, type DeployableRequest } from './trust/assert-deployable.js';
export { externalSigner } from './trust/external-signer.js';
export { planRotation, type RotationPlan, type RotationStep } from './trust/plan-rotation.js';
export { type SignReferenceResult, signReference } from './trust/sign-reference.js';
export {
  type JudgedReference,
  judgeReference,
  type VerifyReferenceOptions,
  type VerifyReferenceResult,
  verifyReference,
} from './trust/verify-reference.js';
export { userPolicy, type WorkspacePolicy, workspacePolicy } from './trust/workspace-policy.js';
