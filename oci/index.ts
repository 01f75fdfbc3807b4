export { askReferrers, type UncertainReferrers } from './ask-referrers.js';
export { type AttachOptions, attachArtifact } from './attach.js';
export { BlobTraffic } from './blob-traffic.js';
export { type BoundedOptions, boundedEach } from './bounded-each.js';
export {
  type ByteProgress,
  type ByteSource,
  type CallOptions,
  type ContentStore,
  type DoubtingStore,
  hasManifests,
  type ManifestStore,
  type MountingStore,
  mayDoubt,
  type ReadStore,
  type ReferrersAnswer,
  type TaggingStore,
  type WriteStore,
} from './content-store.js';
export {
  COPY_CONCURRENCY,
  type CopyEvent,
  type CopyOptions,
  type CopyResult,
  copyGraph,
} from './copy-graph.js';
export {
  type AnnotatedFacts,
  annotatedFacts,
  assertAnnotations,
  extensionAnnotations,
} from './extension-annotations.js';
export { bytesSource, collect, fetchBytes } from './fetch-bytes.js';
export {
  type ContentGraph,
  discoverGraph,
  type GraphManifest,
  type GraphOptions,
  listSideTags,
  type SideTags,
} from './graph.js';
export {
  artifactTypeOf,
  describeBytes,
  describeReferrer,
  EMPTY_BYTES,
  EMPTY_DESCRIPTOR,
  encodeIndex,
  encodeManifest,
  successors,
} from './manifest-codec.js';
export {
  type PackedBlob,
  type PackedExtension,
  type PackOptions,
  packExtension,
} from './pack/pack-extension.js';
export { packTree } from './pack/pack-tree.js';
export { type PushPackedOptions, pushPacked } from './pack/push-packed.js';
export { readSourceManifest } from './pack/source-manifest.js';
export { type Finding, validateExtension } from './pack/validate-extension.js';
export type { AssetResolver, VendorAssets } from './pack/vendor-assets.js';
export {
  type ExtensionAssetLayer,
  type ReadExtension,
  type ReadExtensionOptions,
  readExtension,
} from './read-extension.js';
export { type PayloadQuery, type ReferrerPayload, referrerPayloads } from './referrer-payloads.js';
export { isReferrersTag, parseSideTag, referrersTag, sideTag } from './referrers-tag.js';
export type { RealmPins } from './remote/auth/realm.js';
export {
  anonymousCredentials,
  type Considered,
  type Credential,
  type CredentialExplanation,
  type CredentialQuery,
  type CredentialSource,
  chainCredentials,
  describeCredential,
  type FoundCredential,
  givenCredentials,
} from './remote/credentials/credential-source.js';
export {
  authFilePaths,
  type DefaultCredentialsOptions,
  defaultCredentials,
  tokenDirectory,
  writtenAuthFile,
} from './remote/credentials/default-credentials.js';
export {
  removeCredentials,
  type StoredCredential,
  storeCredential,
} from './remote/credentials/edit-auth-file.js';
export { hasEnvironmentCredentials } from './remote/credentials/environment-credentials.js';
export { readToken, TOKEN_USERNAME, tokenFilePath } from './remote/credentials/token-files.js';
export { explainProxy, isPlainHttp } from './remote/explain.js';
export { authoritySources } from './remote/http/tls-settings.js';
export { MirrorHealth, type MirrorOutage, type OutageStore } from './remote/mirrors/mirror-health.js';
export {
  type Mirror,
  type MirroredOptions,
  mirroredRepository,
} from './remote/mirrors/mirrored-repository.js';
export { Rehearsal, type RehearsedRequest, type RequestPlan } from './remote/rehearsal.js';
export {
  createRemoteRegistry,
  type DocumentAnswer,
  type DocumentQuery,
  type PushManifestOptions,
  type RemoteRegistry,
  type RemoteRegistryOptions,
  type RemoteRepository,
  type RemoteRetry,
  type RemoteTimeouts,
  type RequestEvent,
  type TagOptions,
  type TagState,
} from './remote/remote-registry.js';
export { resolveOptional } from './resolve-optional.js';
export { type CachedStoreOptions, cachedStore } from './store/cached-store.js';
export { type ContentCache, openContentCache } from './store/content-cache.js';
export { type LayoutOptions, type OciLayout, openOciLayout } from './store/layout-directory.js';
export type { LayoutName, LayoutNaming } from './store/layout-index.js';
export { type OciLayoutTar, openOciLayoutTar } from './store/layout-tar-reader.js';
export {
  createLayoutTarWriter,
  type FinishOptions,
  type LayoutTarWriter,
  type LayoutTarWriterOptions,
} from './store/layout-tar-writer.js';
export { createMemoryStore, selectReferrers } from './store/memory-store.js';
export { type TagPolicy, versionTagsAreImmutable } from './store/tag-policy.js';
export { unwrittenStore } from './store/unwritten-store.js';
export { createEntryGuard, UNPACK_LIMITS, type UnpackLimits } from './unpack/entry-guard.js';
export {
  type ListedArchive,
  type ListedEntry,
  type ListOptions,
  listArchive,
} from './unpack/list-archive.js';
export { type TreeDigestOptions, treeDigest } from './unpack/tree-digest.js';
export { type Unpacked, type UnpackOptions, unpackLayer } from './unpack/unpack-layer.js';
export { verifiedStream } from './verified-stream.js';
