import { LIMITS } from '#base';
import { bodyOf } from './http/request-body.js';
import { listStrings } from './pages.js';
import { RegistryClient } from './registry-client.js';
import type { Rehearsal } from './rehearsal.js';
import { mediaTypeOf } from './remote-manifests.js';
import { createRemoteRepository } from './remote-repository.js';

const PING_BYTES = 64 * 1024;
const DOCUMENT_ANSWERS = [
  200, 301, 302, 303, 304, 307, 308, 400, 403, 404, 405, 406, 410, 411, 413, 415, 422, 501,
];

import type { Descriptor } from '#schemas';
import type {
  CallOptions,
  ContentStore,
  DoubtingStore,
  MountingStore,
  ResumableStore,
  TaggingStore,
} from '../content-store.js';
import type { RealmPins } from './auth/realm.js';
import type { CredentialSource } from './credentials/credential-source.js';

export interface RemoteTimeouts {
  /** Until the connection (and its TLS handshake) stands. Default 10,000. */
  readonly connectMs: number;
  /** From the last byte of a request to the first of the answer; twice as long where something is stored. Default 30,000. */
  readonly answerMs: number;
  /**
   * Most that is waited for the answer to a request that ends an upload. Registries hash the whole blob
   * first, so its size counts: twice `answerMs` and 1 s for each 32 MiB. Default 1,800,000.
   */
  readonly commitMs: number;
  /** Longest silence inside a body, in either direction. Default 30,000. */
  readonly stallMs: number;
}

export interface RemoteRetry {
  /** Tries of one request, the first included. Default 5. */
  readonly attempts: number;
  /** Default 250. */
  readonly baseDelayMs: number;
  /** Longest wait between tries when the server names none. Default 30,000. */
  readonly maxDelayMs: number;
  /** Longest `Retry-After` that is obeyed; a longer one fails with the time left. Default 300,000. */
  readonly maxWaitMs: number;
}

/** One HTTP exchange, as counted by `onRequest`. No header, no query: it can be logged. */
export interface RequestEvent {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** 0 when no answer came. */
  readonly status: number;
  readonly durationMs: number;
  readonly sentBytes: number;
}

export interface RemoteRegistryOptions {
  /** `host[:port]`; `docker.io` is understood. */
  readonly registry: string;
  /** Speak http. Default: only to loopback. */
  readonly plainHttp?: boolean | undefined;
  /** Do not check the registry's certificate. */
  readonly insecure?: boolean | undefined;
  /** Files of PEM certificates trusted besides the system's. */
  readonly caFiles?: readonly string[] | undefined;
  /** PEM files; shown to the registry's own origin only. */
  readonly clientCert?: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Default: environment, then podman's and docker's files. */
  readonly credentials?: CredentialSource | undefined;
  /** Further headers, sent to the registry's own origin only. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Most requests at once, uploads and others counted apart; fewer when the host has enough. Default 16. */
  readonly concurrency?: number | undefined;
  /** Where upload sessions are remembered, so that a push goes on after the process died. Default: nowhere. */
  readonly uploadJournalDir?: string | undefined;
  readonly onRequest?: ((event: RequestEvent) => void) | undefined;
  /** Send nothing that changes the registry; note what would be sent. */
  readonly rehearsal?: Rehearsal | undefined;
  readonly userAgent?: string | undefined;
  readonly timeouts?: Partial<RemoteTimeouts> | undefined;
  readonly retry?: Partial<RemoteRetry> | undefined;
  /** `host:port` → address to connect to instead of asking the resolver; the name stays in TLS and `Host`. */
  readonly resolve?: ReadonlyMap<string, string> | undefined;
  /** Hosts (`host[:port]`) that are accepted as the new place where tokens are served. */
  readonly trustedRealms?: readonly string[] | undefined;
  /** The only host that may serve tokens to credentials. */
  readonly onlyRealm?: string | undefined;
  /** The registry that this one mirrors: it is told by `ns=`. Only for hosts that the user configured as mirrors. */
  readonly mirrorOf?: string | undefined;
  /** Where realms are remembered after this client; default: nowhere. */
  readonly realmPins?: RealmPins | undefined;
  /** Read for proxies, certificates and credentials. Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

export interface PushManifestOptions extends CallOptions {
  readonly tags?: readonly string[] | undefined;
  /** Refuse to move an existing tag. Default: for tags that are semantic versions. */
  readonly ifNoneMatch?: boolean | undefined;
  /** Known not to be there: where no tag is set, it need not be asked for. */
  readonly absent?: boolean | undefined;
}

export interface TagOptions extends CallOptions {
  /** Refuse to move an existing tag. Default: for tags that are semantic versions. */
  readonly ifNoneMatch?: boolean | undefined;
}

/** One repository of a registry. */
export interface RemoteRepository
  extends ContentStore,
    MountingStore,
    TaggingStore,
    ResumableStore,
    DoubtingStore {
  readonly registry: string;
  readonly repository: string;
  /** Stores exact bytes, then points each tag at them unless it already does. @throws OCI_TAG_CONFLICT */
  pushManifest(bytes: Uint8Array, mediaType: string, options?: PushManifestOptions): Promise<Descriptor>;
  fetchManifest(
    tagOrDigest: string,
    options?: CallOptions,
  ): Promise<{ descriptor: Descriptor; bytes: Uint8Array }>;
  /** False when it was not there. @throws OCI_REMOTE_DELETE_DISABLED */
  deleteManifest(digest: string, options?: CallOptions): Promise<boolean>;
  deleteTag(tag: string, options?: CallOptions): Promise<boolean>;
  /** Size of a blob, or undefined when the registry has none. */
  headBlob(digest: string, options?: CallOptions): Promise<number | undefined>;
  tag(descriptor: Descriptor, tag: string, options?: TagOptions): Promise<void>;
  /** What a tag that may move points to, with what `replaceTag` needs; undefined when there is no such tag. */
  readTag(tag: string, options?: CallOptions): Promise<TagState | undefined>;
  /**
   * Stores a manifest under a tag that may move, provided the tag is still as it was read (`expected`; undefined
   * means absent). False when the registry says it is not. Registries that know no conditions take it anyway:
   * read the tag again.
   */
  replaceTag(
    tag: string,
    manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
    expected: TagState | undefined,
    options?: CallOptions,
  ): Promise<boolean>;
}

/** A tag at the moment it was read. */
export interface TagState {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  /** As the registry gave it; without one, a replacement cannot be made conditional. */
  readonly etag?: string | undefined;
}

export interface DocumentQuery extends CallOptions {
  /** Media type asked for. */
  readonly accept: string;
  /** ETag of what is known already. */
  readonly ifNoneMatch?: string | undefined;
  /** A question too long for a path, as JSON: it is sent with POST, and nothing changes by it. */
  readonly question?: Uint8Array | undefined;
}

/** What a registry answered outside the distribution protocol. Redirects are not followed. */
export interface DocumentAnswer {
  readonly status: number;
  /** Without parameters. */
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly etag?: string | undefined;
}

export interface RemoteRegistry {
  readonly registry: string;
  /** `host[:port]` that it is asked at. */
  readonly host: string;
  /** Succeeds when the registry answers `/v2/` to us, signed in if it asks for that. */
  ping(signal?: AbortSignal): Promise<void>;
  repository(name: string): RemoteRepository;
  /**
   * A document that the registry serves beside the distribution protocol, of at most 32 MiB. Every answer below
   * 500 is an answer: other registries have other things at the same path, or nothing.
   */
  document(path: string, query: DocumentQuery): Promise<DocumentAnswer>;
  /** Every repository the registry lists, sorted. */
  catalog(options?: CallOptions): Promise<readonly string[]>;
  /** Ends idle connections; requests under way fail. */
  close(): void;
}

/** A client of one registry over the OCI distribution protocol. @see OCI distribution-spec 1.1 */
export function createRemoteRegistry(options: RemoteRegistryOptions): RemoteRegistry {
  const client = new RegistryClient(options);
  const { registry } = client.settings;
  const repositories = new Map<string, RemoteRepository>();
  return {
    registry,
    host: client.host,
    async ping(signal) {
      await client.call({
        method: 'GET',
        target: '/v2/',
        expect: [200],
        scopes: [],
        maxBytes: PING_BYTES,
        signal,
      });
    },
    repository(name) {
      const known = repositories.get(name);
      if (known) return known;
      const repository = createRemoteRepository(client, name);
      repositories.set(name, repository);
      return repository;
    },
    async document(path, { accept, ifNoneMatch, question, signal }) {
      const reply = await client.call({
        method: question === undefined ? 'GET' : 'POST',
        target: path,
        headers: {
          accept,
          ...(ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch }),
          ...(question === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(question !== undefined && { body: bodyOf(question, 'a question') }),
        expect: DOCUMENT_ANSWERS,
        scopes: [],
        maxBytes: LIMITS.apiResponseBytes,
        signal,
      });
      const { status, bytes, headers } = reply;
      return { status, bytes, mediaType: mediaTypeOf(reply), etag: headers.etag };
    },
    catalog: ({ signal } = {}) =>
      listStrings(
        client,
        {
          method: 'GET',
          target: '/v2/_catalog?n=1000',
          expect: [200],
          scopes: ['registry:catalog:*'],
          signal,
        },
        'repositories',
      ),
    close: () => client.close(),
  };
}
