import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { type Digest, digestOf } from '#base';
import { type Descriptor, MEDIA } from '#schemas';
import {
  type FaultRegistry,
  type FaultRegistryOptions,
  startFaultRegistry,
} from '../../test/fault-registry/index.js';
import type { ByteSource } from '../content-store.js';
import { anonymousCredentials } from './credentials/credential-source.js';
import {
  createRemoteRegistry,
  type RemoteRegistry,
  type RemoteRegistryOptions,
  type RemoteRepository,
} from './remote-registry.js';

export interface Fixture {
  readonly server: FaultRegistry;
  readonly registry: RemoteRegistry;
  readonly repository: RemoteRepository;
}

/** A fault registry and a client of it that does not wait long; both end with the test. */
export async function fixture(
  context: TestContext,
  server: FaultRegistryOptions = {},
  client: Partial<RemoteRegistryOptions> = {},
): Promise<Fixture> {
  const running = await startFaultRegistry(server);
  context.after(() => running.close());
  const registry = clientOf(context, running.host, client);
  return { server: running, registry, repository: registry.repository('ns/app') };
}

export function clientOf(
  context: TestContext,
  host: string,
  options: Partial<RemoteRegistryOptions> = {},
): RemoteRegistry {
  const registry = createRemoteRegistry({
    registry: host,
    credentials: anonymousCredentials,
    retry: { attempts: 4, baseDelayMs: 2, maxDelayMs: 20 },
    timeouts: { connectMs: 2000, answerMs: 5000, commitMs: 9000, stallMs: 800 },
    env: {},
    ...options,
  });
  context.after(() => registry.close());
  return registry;
}

export function blobOf(bytes: Uint8Array, algorithm: 'sha256' | 'sha512' = 'sha256'): Descriptor {
  return { mediaType: MEDIA.octetStream, digest: digestOf(bytes, algorithm), size: bytes.byteLength };
}

export function randomBlob(size: number): { bytes: Buffer; descriptor: Descriptor } {
  const bytes = randomBytes(size);
  return { bytes, descriptor: blobOf(bytes) };
}

/** Bytes in pieces of 64 KiB, as a file gives them. */
export function sourceOf(bytes: Uint8Array): ByteSource {
  return async function* pieces() {
    for (let at = 0; at < bytes.byteLength; at += 65_536) yield bytes.subarray(at, at + 65_536);
    if (bytes.byteLength === 0) yield bytes;
  };
}

export async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export interface ManifestParts {
  readonly subject?: { readonly mediaType: string; readonly digest: Digest; readonly size: number };
  readonly artifactType?: string;
  readonly note?: string;
}

/** An image manifest without layers, for tests of manifests: its config is `{}`. */
export function manifestOf({ subject, artifactType, note }: ManifestParts = {}): {
  bytes: Buffer;
  descriptor: Descriptor;
} {
  const empty = Buffer.from('{}');
  const body = {
    schemaVersion: 2,
    mediaType: MEDIA.ociManifest,
    ...(artifactType === undefined ? {} : { artifactType }),
    config: { mediaType: MEDIA.ociEmpty, digest: digestOf(empty), size: empty.length },
    layers: [],
    ...(subject === undefined ? {} : { subject }),
    ...(note === undefined ? {} : { annotations: { note } }),
  };
  const bytes = Buffer.from(JSON.stringify(body));
  return { bytes, descriptor: { mediaType: MEDIA.ociManifest, digest: digestOf(bytes), size: bytes.length } };
}

export const emptyConfig = Buffer.from('{}');
