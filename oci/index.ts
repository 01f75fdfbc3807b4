export { type AttachOptions, attachArtifact } from './attach.js';
export type {
  ByteSource,
  CallOptions,
  ContentStore,
  MountingStore,
  ReadStore,
  WriteStore,
} from './content-store.js';
export {
  COPY_CONCURRENCY,
  type CopyEvent,
  type CopyOptions,
  type CopyResult,
  copyGraph,
} from './copy-graph.js';
export { bytesSource, collect, fetchBytes } from './fetch-bytes.js';
export { type ContentGraph, discoverGraph, type GraphManifest, type GraphOptions } from './graph.js';
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
export { isReferrersTag, parseSideTag, referrersTag, sideTag } from './referrers-tag.js';
export {
  anonymousCredentials,
  type Credential,
  type CredentialQuery,
  type CredentialSource,
  chainCredentials,
  type FoundCredential,
} from './remote/credentials/credential-source.js';
export {
  createRemoteRegistry,
  type PushManifestOptions,
  type ReferrersAnswer,
  type RemoteRegistry,
  type RemoteRegistryOptions,
  type RemoteRepository,
  type RemoteRetry,
  type RemoteTimeouts,
  type RequestEvent,
  type TagOptions,
} from './remote/remote-registry.js';
export { resolveOptional } from './resolve-optional.js';
export { createMemoryStore, selectReferrers } from './store/memory-store.js';
export { type TagPolicy, versionTagsAreImmutable } from './store/tag-policy.js';
export { verifiedStream } from './verified-stream.js';
