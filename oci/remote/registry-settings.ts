import { ProvError } from '#base';
import type { CredentialSource } from './credentials/credential-source.js';
import { defaultCredentials } from './credentials/default-credentials.js';
import { isPlainHttp } from './explain.js';
import { parseTarget, type Target } from './http/target.js';
import type { RemoteRegistryOptions, RemoteRetry, RemoteTimeouts } from './remote-registry.js';

export const REMOTE_TIMEOUTS: RemoteTimeouts = {
  connectMs: 10_000,
  answerMs: 30_000,
  commitMs: 1_800_000,
  stallMs: 30_000,
};
export const REMOTE_RETRY: RemoteRetry = {
  attempts: 5,
  baseDelayMs: 250,
  maxDelayMs: 30_000,
  maxWaitMs: 300_000,
};
/** Registries hash a blob, and copy it, before they answer the end of its upload: the slowest that is waited for. */
const COMMIT_BYTES_PER_MS = (32 * 1024 * 1024) / 1000;
/** Most requests at once to one host; it starts with fewer (pace.ts). */
export const REMOTE_CONCURRENCY = 16;
const DOCKER_HUB = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];

/** The options of a client with every default filled in. */
export interface Settings
  extends Pick<
    RemoteRegistryOptions,
    | 'caFiles'
    | 'mirrorOf'
    | 'onlyRealm'
    | 'realmPins'
    | 'clientCert'
    | 'insecure'
    | 'resolve'
    | 'uploadJournalDir'
    | 'onRequest'
  > {
  /** Nothing is written: bodies are not looked at. */
  readonly rehearses: boolean;
  /** As the user wrote it: the key of credentials. */
  readonly registry: string;
  readonly origin: Target;
  readonly dockerHub: boolean;
  readonly credentials: CredentialSource;
  readonly headers: Readonly<Record<string, string>>;
  readonly concurrency: number;
  readonly userAgent: string;
  readonly timeouts: RemoteTimeouts;
  readonly retry: RemoteRetry;
  readonly trustedRealms: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** @throws OCI_REMOTE_CONFIG_INVALID when the registry is not `host[:port]`. */
export function registrySettings(options: RemoteRegistryOptions): Settings {
  const { registry } = options;
  const env = options.env ?? process.env;
  const dockerHub = DOCKER_HUB.includes(registry);
  const plain = isPlainHttp(registry, options.plainHttp);
  const origin = parseTarget(
    `${plain ? 'http' : 'https'}://${dockerHub ? 'registry-1.docker.io' : registry}`,
  );
  if (origin === undefined || origin.path !== '/') {
    throw new ProvError('OCI_REMOTE_CONFIG_INVALID', {
      host: registry,
      reason: 'write the registry as host or host:port',
    });
  }
  const concurrency = options.concurrency ?? REMOTE_CONCURRENCY;
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new ProvError('OCI_REMOTE_CONFIG_INVALID', {
      host: registry,
      reason: 'concurrency is a number above 0',
    });
  }
  const lower = Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    caFiles: options.caFiles,
    mirrorOf: options.mirrorOf,
    onlyRealm: options.onlyRealm,
    realmPins: options.realmPins,
    clientCert: options.clientCert,
    insecure: options.insecure,
    resolve: options.resolve,
    uploadJournalDir: options.uploadJournalDir,
    onRequest: options.onRequest,
    rehearses: options.rehearsal !== undefined,
    registry,
    origin,
    dockerHub,
    credentials: options.credentials ?? defaultCredentials(env),
    headers: Object.fromEntries(lower) as Record<string, string>,
    concurrency,
    userAgent: options.userAgent ?? 'prov',
    timeouts: { ...REMOTE_TIMEOUTS, ...options.timeouts },
    retry: { ...REMOTE_RETRY, ...options.retry },
    trustedRealms: options.trustedRealms ?? [],
    env,
  };
}

/** Longest wait for the answer to a request that stores `bytes`: twice an ordinary one, and more for big blobs. */
export function commitLimit({ answerMs, commitMs }: RemoteTimeouts, bytes: number): number {
  return Math.min(commitMs, Math.ceil(2 * answerMs + bytes / COMMIT_BYTES_PER_MS));
}
