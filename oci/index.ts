export type {
  ByteSource,
  CallOptions,
  ContentStore,
  MountingStore,
  ReadStore,
  WriteStore,
} from './content-store.js';
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
