import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { isProvError, LIMITS, log, ProvError } from '#base';
import { isLoopbackRegistry } from '#schemas';
import type { TrustPolicy } from '#trust';
import { refreshDueLifecycles } from './catalogue/refresh-lifecycle.js';
import type { RegistryContext } from './context.js';
import { createCounters } from './http/counters.js';
import { createHttpServer } from './http-server.js';
import { openFileBlobDriver } from './storage/file-blob-driver.js';
import { createManifestCache } from './storage/manifest-cache.js';
import type { MetadataDb } from './storage/metadata-db.js';
import { openSqliteMetadata } from './storage/sqlite-metadata.js';
import { createUploadSessions } from './upload-sessions.js';

export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORT = 5000;
/** Requests under way get this long to end when the registry closes. */
export const CLOSE_GRACE_MS = 10_000;
const IDLE_CHECK_MS = 20;
const SWEEP_INTERVAL_MS = 60 * 60 * 1000;

export interface RegistryOptions {
  /** Where everything is kept: `registry.db`, `blobs/`, `uploads/`. One registry at a time. */
  readonly dataDir: string;
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default 5000; 0 takes a free one. */
  readonly port?: number | undefined;
  /** Largest blob in bytes. Default 64 GiB. */
  readonly maxBlobBytes?: number | undefined;
  /** Whose signatures extensions need, by namespace. Its patterns have no host. Default: none is asked for. */
  readonly trustPolicy?: TrustPolicy | undefined;
  /** Binds an address that other machines can reach although there is neither TLS nor authentication. */
  readonly allowInsecureBind?: boolean | undefined;
  /** Closes the registry when aborted. */
  readonly signal?: AbortSignal | undefined;
}

export interface RunningRegistry {
  /** `http://host:port`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Stops accepting, lets requests under way end, checkpoints the database. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Serves an OCI registry (distribution-spec 1.1) with the extension catalogue on the same port; resolves
 * when it answers. What it acknowledges is on disk.
 * @throws REGISTRY_DATA_IN_USE, REGISTRY_PORT_TAKEN, REGISTRY_BIND_INSECURE, REGISTRY_BIND_FAILED, DB_OPEN_FAILED
 */
export async function startRegistry(options: RegistryOptions): Promise<RunningRegistry> {
  const { host = DEFAULT_HOST, port = DEFAULT_PORT, maxBlobBytes = LIMITS.blobBytes, signal } = options;
  signal?.throwIfAborted();
  if (!options.allowInsecureBind && !isLoopback(host))
    throw new ProvError('REGISTRY_BIND_INSECURE', { host });
  const metadata = await openMetadata(resolve(options.dataDir), signal);
  try {
    const blobs = await openFileBlobDriver(resolve(options.dataDir));
    const uploads = createUploadSessions({ metadata, blobs, maxBlobBytes });
    await uploads.sweep();
    const cache = createManifestCache(metadata);
    const context = {
      metadata,
      blobs,
      uploads,
      cache,
      counters: createCounters(),
      trustPolicy: options.trustPolicy,
    };
    await refreshDueLifecycles(context);
    return await listen(context, { host, port, signal });
  } catch (error) {
    await metadata.close();
    throw error;
  }
}

async function openMetadata(dataDir: string, signal: AbortSignal | undefined): Promise<MetadataDb> {
  try {
    return await openSqliteMetadata(join(dataDir, 'registry.db'), signal);
  } catch (error) {
    if (!isProvError(error, 'DB_LOCKED')) throw error;
    throw new ProvError('REGISTRY_DATA_IN_USE', { dataDir, owner: error.details['owner'] }, { cause: error });
  }
}

interface Address {
  readonly host: string;
  readonly port: number;
  readonly signal: AbortSignal | undefined;
}

async function listen(context: RegistryContext, { host, port, signal }: Address): Promise<RunningRegistry> {
  const server = await createHttpServer(context);
  try {
    await server.listen({ host, port });
  } catch (error) {
    await server.close();
    throw listenError(error, host, port);
  }
  const bound = (server.server.address() as AddressInfo).port;
  const sweeping = setInterval(() => {
    context.uploads
      .sweep()
      .catch((error: unknown) => log.error('cannot sweep uploads', { reason: String(error) }));
  }, SWEEP_INTERVAL_MS);
  sweeping.unref();
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= (async () => {
      clearInterval(sweeping);
      signal?.removeEventListener('abort', onAbort);
      // A connection that turns idle after its last answer would otherwise wait for its keep-alive to end.
      const idle = setInterval(() => server.server.closeIdleConnections(), IDLE_CHECK_MS);
      const cut = setTimeout(() => server.server.closeAllConnections(), CLOSE_GRACE_MS);
      await server.close();
      clearInterval(idle);
      clearTimeout(cut);
      await context.metadata.close();
    })();
    return closing;
  };
  const onAbort = () => {
    close().catch((error: unknown) => log.error('cannot close the registry', { reason: String(error) }));
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  log.info('registry listens', { url });
  return { url, host, port: bound, close };
}

function isLoopback(host: string): boolean {
  return isLoopbackRegistry(host.includes(':') ? `[${host}]` : host);
}

function listenError(error: unknown, host: string, port: number): ProvError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return new ProvError('REGISTRY_PORT_TAKEN', { host, port }, { cause: error });
  return new ProvError('REGISTRY_BIND_FAILED', { host, port, reason: code ?? message }, { cause: error });
}
