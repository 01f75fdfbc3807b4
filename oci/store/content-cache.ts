import { randomBytes } from 'node:crypto';
import { readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Digest,
  digestAlgorithm,
  digestFile,
  digestHex,
  digestOf,
  type FileSystem,
  filePieces,
  isDigest,
  isProvError,
  log,
  makeDirectories,
  openAtomicStream,
  ProvError,
  unsyncedFileSystem,
} from '#base';
import { type Descriptor, isManifestType } from '#schemas';
import { abandonedFiles, ownFile } from '../claim-file.js';
import {
  type ByteSource,
  type CallOptions,
  isResumable,
  type ReadStore,
  type ResumableStore,
} from '../content-store.js';
import { countBytes } from '../count-bytes.js';
import { readError } from '../reading.js';
import { SharedWork } from '../shared-work.js';
import { verifiedStream } from '../verified-stream.js';
import { openPartialContent, PARTIAL_ENDING } from './partial-content.js';

type Content = Pick<Descriptor, 'digest' | 'size'>;

/** Verified content on this machine, by digest; safe to use from several processes at once. */
export interface ContentCache {
  readonly directory: string;
  has(digest: Digest): Promise<boolean>;
  /** Bytes of the file under the content's name, not hashed; undefined when there is none. */
  sizeOf(digest: Digest): number | undefined;
  /** The content as a stream that checks itself, or undefined when it is not there. */
  get(descriptor: Content, options?: CallOptions): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Stores content; nothing of it is visible until all bytes matched. @throws OCI_DIGEST_MISMATCH, OCI_SIZE_MISMATCH, BASE_DISK_FULL */
  put(descriptor: Content, source: ByteSource, options?: CallOptions): Promise<void>;
  /**
   * Stores content that `store` has. From a store that can give the rest of it, a broken or killed transfer
   * goes on where it ended, in this process or the next. @throws as `put`, and what `store` throws
   */
  fill(descriptor: Descriptor, store: ReadStore, options?: CallOptions): Promise<void>;
  /** A file with the content, hashed just now; damaged content is removed and undefined returned. Read-only for callers. */
  path(digest: Digest, options?: CallOptions): Promise<string | undefined>;
  /** A file of the right size under the content's name, not hashed: for those who hash what they read. */
  locate(descriptor: Content): string | undefined;
  remove(digest: Digest): Promise<void>;
  /** Digest and bytes of everything held. */
  list(): Promise<readonly { digest: Digest; size: number; storedAt: Date }[]>;
  /** Checks everything, drops what is damaged or unfinished by a process that is gone, and says how many bytes that freed. */
  clean(options?: { maxBytes?: number }): Promise<{ removed: number; freedBytes: number }>;
  close(): Promise<void>;
}

/** Content up to this size is read and hashed once, as a whole. */
const WHOLE_BYTES = 4 * 1024 * 1024;
/** Content below this size is not worth going on with. */
const RESUMABLE_BYTES = 1024 * 1024;
/** What is fetched in one go and not gone on with. */
const PUT_ENDING = '.put';
const ALGORITHMS = ['sha256', 'sha512'] as const;
/** Of all cache objects: a file of a directory is filled by one of them. */
const fills = new SharedWork();

export interface ContentCacheOptions {
  /** Writes what is not complete. */
  readonly fileSystem?: Pick<FileSystem, 'writeLater'>;
}

/**
 * Opens the cache in `directory` (made when missing): `blobs/ALGORITHM/HEX` and, below `partial/`, what is not
 * complete. Files are not synced: content is hashed when it is used, and what was damaged counts as not there.
 * @throws BASE_DISK_FULL, BASE_FILE_UNWRITABLE
 */
export async function openContentCache(
  directory: string,
  { fileSystem }: ContentCacheOptions = {},
): Promise<ContentCache> {
  for (const algorithm of ALGORITHMS) makeDirectories(join(directory, 'blobs', algorithm), { mode: 0o700 });
  const partials = join(directory, 'partial');
  const root = realpathSync(directory);
  let swept = false;
  const pathOf = (digest: Digest) => join(directory, 'blobs', digestAlgorithm(digest), digestHex(digest));

  function drop(digest: Digest): void {
    rmSync(pathOf(digest), { force: true });
  }

  /** A new file whose name says who writes it, so that others see when he is gone; theirs go. */
  function newFile(digest: Digest): string {
    makeDirectories(partials, { mode: 0o700 });
    if (!swept) for (const { path } of abandonedFiles(partials, PUT_ENDING)) rmSync(path, { force: true });
    swept = true;
    const key = `${digestAlgorithm(digest)}-${digestHex(digest)}-${randomBytes(4).toString('hex')}`;
    return ownFile(partials, key, PUT_ENDING);
  }

  async function verifiedPath(digest: Digest, options?: CallOptions): Promise<string | undefined> {
    const path = pathOf(digest);
    const actual = await digestOptional(path, digest, options?.signal);
    if (actual === digest) return path;
    drop(digest);
    return undefined;
  }

  async function whole({ digest, size }: Content): Promise<Uint8Array | undefined> {
    const bytes = await readOptional(pathOf(digest), size);
    // Who asks for another size may be wrong himself: that is no reason to throw away what may be right.
    if (bytes === undefined) return undefined;
    if (digestOf(bytes, digestAlgorithm(digest)) === digest) return bytes;
    drop(digest);
    return undefined;
  }

  /**
   * The beginning may have been damaged since it was written, or others may have written to the file: then, once, all
   * of it is fetched.
   */
  async function fillOnce(
    descriptor: Descriptor,
    store: ResumableStore,
    options: CallOptions,
    again = false,
  ): Promise<void> {
    const partial = openPartialContent(partials, descriptor, fileSystem);
    const resumed = partial.digester.bytes > 0;
    let placed = false;
    try {
      const rest = await store.fetchRest(descriptor, partial.digester, options);
      const { onProgress } = options;
      for await (const chunk of countBytes(rest, onProgress, partial.digester.bytes))
        await partial.write(chunk);
      placed = await partial.commit(pathOf(descriptor.digest));
    } catch (error) {
      const wrong = isProvError(error, 'OCI_DIGEST_MISMATCH') || isProvError(error, 'OCI_SIZE_MISMATCH');
      if (wrong) await partial.discard();
      else
        await partial.keep().catch((reason: unknown) => {
          // The caller has to hear what ended the download.
          log.debug('what was fetched could not be kept', {
            digest: descriptor.digest,
            reason: String(reason),
          });
        });
      if (!wrong || !resumed || again) throw error;
      return fillOnce(descriptor, store, options, true);
    }
    if (placed) return;
    await partial.discard();
    const reason = 'another process writes to the same file';
    if (again) throw new ProvError('BASE_FILE_UNWRITABLE', { path: partials, reason });
    await fillOnce(descriptor, store, options, true);
  }

  const cache: ContentCache = {
    directory,
    has: async (digest) => cache.sizeOf(digest) !== undefined,
    sizeOf: (digest) => statSync(pathOf(digest), { throwIfNoEntry: false })?.size,
    async get(descriptor, options) {
      options?.signal?.throwIfAborted();
      if (descriptor.size <= WHOLE_BYTES) {
        const bytes = await whole(descriptor);
        return bytes && once(bytes);
      }
      const path = await verifiedPath(descriptor.digest, options);
      if (path === undefined) return undefined;
      return verifiedStream(filePieces(path), descriptor, directory, options?.signal);
    },
    async put(descriptor, source, options) {
      if ((await verifiedPath(descriptor.digest, options)) !== undefined) return;
      // What a power cut tears is found by its digest, so nothing waits for the disk.
      const fileSystem = unsyncedFileSystem;
      const { digest } = descriptor;
      const temporaryPath = newFile(digest);
      const file = openAtomicStream(pathOf(digest), { mode: 0o444, fileSystem, temporaryPath });
      try {
        const counted = countBytes(source(), options?.onProgress);
        for await (const chunk of verifiedStream(counted, descriptor, directory, options?.signal))
          await file.write(chunk);
        await file.commit();
      } catch (error) {
        await file.abort();
        throw error;
      }
    },
    async fill(descriptor, store, options = {}) {
      const { digest } = descriptor;
      if (!isResumable(store) || descriptor.size < RESUMABLE_BYTES || isManifestType(descriptor.mediaType)) {
        await cache.put(descriptor, () => lazily(() => store.fetch(descriptor, options)), options);
        return;
      }
      const work = async (call: CallOptions) => {
        if ((await verifiedPath(digest, call)) === undefined) await fillOnce(descriptor, store, call);
      };
      await fills.run(`${root} ${digest}`, work, options);
    },
    path: verifiedPath,
    locate({ digest, size }) {
      const path = pathOf(digest);
      return statSync(path, { throwIfNoEntry: false })?.size === size ? path : undefined;
    },
    remove: async (digest) => drop(digest),
    async list() {
      return ALGORITHMS.flatMap((algorithm) =>
        readdirSync(join(directory, 'blobs', algorithm)).flatMap((hex) => {
          const digest = `${algorithm}:${hex}`;
          const stats = isDigest(digest) && statSync(pathOf(digest), { throwIfNoEntry: false });
          return stats ? [{ digest: digest as Digest, size: stats.size, storedAt: stats.mtime }] : [];
        }),
      ).sort((a, b) => (a.digest < b.digest ? -1 : 1));
    },
    async clean(options = {}) {
      let removed = 0;
      let freedBytes = 0;
      const gone = (size: number) => {
        removed += 1;
        freedBytes += size;
      };
      for (const ending of [PARTIAL_ENDING, PUT_ENDING]) {
        for (const { path, size } of abandonedFiles(partials, ending)) {
          rmSync(path, { force: true });
          gone(size);
        }
      }
      const sound = [];
      for (const entry of await cache.list()) {
        if ((await verifiedPath(entry.digest)) === undefined) gone(entry.size);
        else sound.push(entry);
      }
      let total = sound.reduce((sum, { size }) => sum + size, 0);
      for (const { digest, size } of sound.sort((a, b) => a.storedAt.getTime() - b.storedAt.getTime())) {
        if (total <= (options.maxBytes ?? Number.POSITIVE_INFINITY)) break;
        drop(digest);
        total -= size;
        gone(size);
      }
      return { removed, freedBytes };
    },
    close: async () => {},
  };
  return cache;
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

/** The bytes of a file of exactly this size. */
async function readOptional(path: string, size: number): Promise<Uint8Array | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      return (await file.stat()).size === size ? await readFile(file) : undefined;
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw readError(path, error);
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function* lazily(open: () => Promise<AsyncIterable<Uint8Array>>): AsyncGenerator<Uint8Array> {
  yield* await open();
}
