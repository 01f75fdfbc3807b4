import { createReadStream, mkdirSync } from 'node:fs';
import {
  type Digest,
  digestAlgorithm,
  digestFile,
  digestHex,
  ProvError,
  parseDigest,
  writeError,
} from '#base';
import type { Descriptor } from '#schemas';
import type { ByteSource, CallOptions } from '../content-store.js';
import { collect } from '../fetch-bytes.js';
import { verifiedStream } from '../verified-stream.js';

/** Verified content on this machine, by digest; safe to use from several processes at once. */
export interface ContentCache {
  readonly directory: string;
  has(digest: Digest): Promise<boolean>;
  /** The content as a stream that checks itself, or undefined when it is not there. */
  get(
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    options?: CallOptions,
  ): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Stores content; nothing of it is visible until all bytes matched. @throws OCI_DIGEST_MISMATCH, OCI_SIZE_MISMATCH, BASE_DISK_FULL */
  put(
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    source: ByteSource,
    options?: CallOptions,
  ): Promise<void>;
  /** A file with the content, hashed just now; damaged content is removed and undefined returned. Read-only for callers. */
  path(digest: Digest, options?: CallOptions): Promise<string | undefined>;
  remove(digest: Digest): Promise<void>;
  /** Digest and bytes of everything held. */
  list(): Promise<readonly { digest: Digest; size: number; storedAt: Date }[]>;
  /** Checks everything, drops what is damaged or no longer referred to, and says how many bytes that freed. */
  clean(options?: { maxBytes?: number }): Promise<{ removed: number; freedBytes: number }>;
  close(): Promise<void>;
}

interface VerifyStats {
  readonly badContentCount: number;
  readonly reclaimedCount: number;
  readonly reclaimedSize: number;
}

const KEY_PREFIX = 'prov:content:';
const READ_BYTES = 256 * 1024;

/** Opens the cache in `directory` (made when missing). Content that was damaged on disk counts as not there. */
export async function openContentCache(directory: string): Promise<ContentCache> {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw writeError(directory, error);
  }
  const { default: cacache } = await import('cacache');
  const info = (digest: Digest) => cacache.get.info(directory, keyOf(digest));

  async function drop(digest: Digest): Promise<void> {
    const found = await info(digest);
    await cacache.rm.entry(directory, keyOf(digest));
    if (found) await cacache.rm.content(directory, found.integrity);
  }

  async function verifiedPath(digest: Digest, options?: CallOptions): Promise<string | undefined> {
    const found = await info(digest);
    if (!found) return undefined;
    const actual = await digestOptional(found.path, digest, options?.signal);
    if (actual === digest) return found.path;
    await drop(digest);
    return undefined;
  }

  /** cacache takes an empty stream for a mistake. */
  async function putEmpty(digest: Digest, source: ByteSource, options?: CallOptions): Promise<void> {
    await collect(verifiedStream(source(), { digest, size: 0 }, directory, options?.signal));
    await cacache.put(directory, keyOf(digest), Buffer.alloc(0), { algorithms: [digestAlgorithm(digest)] });
  }

  const cache: ContentCache = {
    directory,
    has: async (digest) => (await cacache.get.hasContent(directory, integrityOf(digest))) !== false,
    async get(descriptor, options) {
      const path = await verifiedPath(descriptor.digest, options);
      if (path === undefined) return undefined;
      return verifiedStream(
        createReadStream(path, { highWaterMark: READ_BYTES }),
        descriptor,
        directory,
        options?.signal,
      );
    },
    async put(descriptor, source, options) {
      if (await info(descriptor.digest)) {
        if ((await verifiedPath(descriptor.digest, options)) !== undefined) return;
      }
      const { digest, size } = descriptor;
      if (size === 0) return putEmpty(digest, source, options);
      const stream = cacache.put.stream(directory, keyOf(digest), {
        integrity: integrityOf(digest),
        algorithms: [digestAlgorithm(digest)],
        size,
      });
      const written = new Promise<void>((resolve, reject) => {
        stream.once('error', reject);
        stream.once('finish', resolve);
      });
      written.catch(() => undefined);
      try {
        for await (const chunk of verifiedStream(source(), descriptor, directory, options?.signal)) {
          if (!stream.write(chunk)) await Promise.race([drained(stream), written]);
        }
        stream.end();
        await written;
      } catch (error) {
        // Ending early fails cacache's own check, which removes its temporary file.
        stream.end();
        await written.catch(() => undefined);
        throw putError(directory, error, options?.signal);
      }
    },
    path: verifiedPath,
    remove: drop,
    async list() {
      const all = Object.values(await cacache.ls(directory)).filter((entry) =>
        entry.key.startsWith(KEY_PREFIX),
      );
      return all
        .map((entry) => ({
          digest: parseDigest(entry.key.slice(KEY_PREFIX.length)),
          size: entry.size,
          storedAt: new Date(entry.time),
        }))
        .sort((a, b) => (a.digest < b.digest ? -1 : 1));
    },
    async clean(options = {}) {
      let removed = 0;
      let freedBytes = 0;
      if (options.maxBytes !== undefined) {
        const byAge = [...(await cache.list())].sort((a, b) => a.storedAt.getTime() - b.storedAt.getTime());
        let total = byAge.reduce((sum, entry) => sum + entry.size, 0);
        for (const { digest, size } of byAge) {
          if (total <= options.maxBytes) break;
          await drop(digest);
          total -= size;
          removed += 1;
          freedBytes += size;
        }
      }
      const stats = (await cacache.verify(directory)) as VerifyStats;
      return {
        removed: removed + stats.badContentCount + stats.reclaimedCount,
        freedBytes: freedBytes + stats.reclaimedSize,
      };
    },
    close: async () => {},
  };
  return cache;
}

function keyOf(digest: Digest): string {
  return `${KEY_PREFIX}${digest}`;
}

function integrityOf(digest: Digest): string {
  return `${digestAlgorithm(digest)}-${Buffer.from(digestHex(digest), 'hex').toString('base64')}`;
}

async function digestOptional(
  path: string,
  like: Digest,
  signal: AbortSignal | undefined,
): Promise<Digest | undefined> {
  try {
    return (await digestFile(path, digestAlgorithm(like), signal)).digest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function drained(stream: NodeJS.EventEmitter): Promise<void> {
  return new Promise((resolve) => {
    stream.once('drain', () => resolve());
  });
}

function putError(directory: string, error: unknown, signal: AbortSignal | undefined): unknown {
  if (error instanceof ProvError || signal?.aborted || !(error instanceof Error)) return error;
  return 'code' in error ? writeError(directory, error) : error;
}
