export { safeParseJson } from './accepts.js';
export {
  type ClosureDocument,
  type ClosureRequest,
  type ContentItem,
  type ContentsDocument,
  type ContentsRequest,
  closureDocumentSchema,
  closureRequestSchema,
  contentsDocumentSchema,
  contentsRequestSchema,
  MAX_CLOSURE_ROOTS,
  MAX_CONTENT_ITEMS,
} from './closure-document.js';
export { type CommandEvent, commandEventSchema } from './command-event.js';
export {
  assertReadable,
  configBlob,
  configBlobSchema,
  type DependencyFacts,
  dependencyFacts,
  dependencyFactsSchema,
} from './config-blob.js';
export {
  type ConfigFile,
  configFileSchema,
  MIN_AGE,
  registryEntrySchema,
  type SecurityRule,
  SIGNATURE_FORMS,
  type SignatureForm,
  TRUST_DEFAULTS,
} from './config-file.js';
export {
  type Asset,
  type ConfigBlob,
  type Dependency,
  type ExtensionManifest,
  extensionManifestSchema,
  type HealthCheck,
  manifestProblems,
  parseExtensionManifest,
} from './extension-manifest.js';
export {
  type IndexDocument,
  type IndexEntry,
  indexDocumentSchema,
  indexEntrySchema,
  LIFECYCLE_STATES,
  type LifecycleState,
} from './index-document.js';
export { compileJsonSchema, type JsonSchemaCheck, type JsonSchemaProblem } from './json-schema.js';
export {
  contentDigestOf,
  entryLabel,
  formatLock,
  inputsDigest,
  isLocalEntry,
  isRemoteEntry,
  type LocalLockEntry,
  type Lock,
  type LockContent,
  type LockEdge,
  type LockEntry,
  lockSchema,
  parseLock,
  type RemoteLockEntry,
} from './lock.js';
export { ANNOTATION, MEDIA, PREDICATE_SIGNATURE } from './media-types.js';
export {
  foldName,
  isExtensionName,
  isNamespace,
  isWorkspaceName,
  KIND_PLURALS,
  KINDS,
  type Kind,
  type KindPlural,
  kindPlural,
  MODES,
  type Mode,
  parseKind,
} from './names.js';
export {
  type Descriptor,
  type ImageIndex,
  type ImageManifest,
  imageIndexSchema,
  imageManifestSchema,
  isManifestType,
  type ParsedManifest,
  parseOciManifest,
  parseWire,
  readOciManifest,
} from './oci.js';
export {
  DEFAULT_NAMESPACE,
  DEFAULT_REGISTRY,
  type DirectoryReference,
  type FileReference,
  formatReference,
  isLoopbackRegistry,
  isRepository,
  isTag,
  parseReference,
  type Reference,
  type ReferenceDefaults,
  type RemoteReference,
  splitRepository,
} from './reference.js';
export {
  RESOLUTION_CAUSES,
  type ResolutionFailureDocument,
  resolutionFailureSchema,
} from './resolution-failure.js';
export {
  SCRIPT_CONTRACT,
  SCRIPT_EXIT,
  type ScriptEvent,
  type ScriptRequest,
  type ScriptTarget,
  type ServiceDefinition,
  scriptEventSchema,
  serviceDefinitionSchema,
} from './script-contract.js';
export { MAX_QUERY_LENGTH, matchesGlob, type Searchable, searchScore } from './search-query.js';
export {
  compareStates,
  MAX_STATUS_REASON,
  type StatusDocument,
  statusDocumentSchema,
} from './status-document.js';
export { type TrustPolicyFile, trustPolicyFileSchema } from './trust-policy-file.js';
export {
  compareVersions,
  isEveryVersion,
  isRange,
  isVersion,
  MAX_VERSION_LENGTH,
  parseRange,
  parseVersion,
  rangeCovers,
  rangesIntersect,
  satisfies,
  tagToVersion,
  versionToTag,
} from './version.js';
export {
  type InfraSettings,
  infraSettingsSchema,
  type ProvisioningFile,
  provisioningFileSchema,
  type RegistryConfig,
  type WorkspaceMetadata,
  workspaceMetadataSchema,
} from './workspace-files.js';
export {
  checkYaml,
  closestName,
  editDistance,
  type Position,
  parseYaml,
  suggestKey,
  type YamlFile,
} from './yaml-file.js';
