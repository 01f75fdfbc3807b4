import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import {
  type Digest,
  Digester,
  type FileSystem,
  fsyncDirectoryLater,
  log,
  makeDirectories,
  nodeFileSystem,
  ProvError,
  writeError,
} from '#base';
import { ANNOTATION, type Descriptor } from '#schemas';
import { verifiedStream } from '../verified-stream.js';
import { refused, UNPACK_LIMITS, type UnpackLimits } from './entry-guard.js';
import { gunzipStream } from './gunzip-stream.js';
import { openTreeWriter } from './tree-writer.js';

export interface UnpackOptions {
  /** The layer; its digest, size and `io.deis.oras.content.digest` are checked when given. */
  readonly descriptor?: Descriptor | undefined;
  /** The directory that entries stand under in the archive. Default: the layer's title. */
  readonly title?: string | undefined;
  /** Becomes what `title` holds in the archive. Must not exist unless `replace` is set. */
  readonly destination: string;
  /** Puts the new tree in the place of an existing one in two renames. Default false. */
  readonly replace?: boolean | undefined;
  readonly limits?: Partial<UnpackLimits> | undefined;
  readonly fileSystem?: FileSystem | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Unpacked {
  readonly files: number;
  readonly bytes: number;
  /** Of the uncompressed archive. */
  readonly treeDigest: Digest;
}

/** Below this size a high ratio is no danger. */
const RATIO_FROM_BYTES = 1024 * 1024;

/**
 * Unpacks an archive that may be hostile: into a new directory beside `destination`, renamed when every byte
 * is checked. On any failure `destination` is as it was and nothing is left beside it. Modes become 0755 or
 * 0644; times, owners, links and empty titles are not taken over.
 * @throws OCI_UNPACK_REFUSED with a reason, OCI_UNPACK_TARGET_EXISTS, OCI_DIGEST_MISMATCH,
 *   OCI_SIZE_MISMATCH, BASE_DISK_FULL.
 */
export async function unpackLayer(
  source: AsyncIterable<Uint8Array>,
  options: UnpackOptions,
): Promise<Unpacked> {
  const destination = resolve(options.destination);
  const title = options.title ?? options.descriptor?.annotations?.[ANNOTATION.title];
  if (title === undefined || title === '' || /[\\/]/.test(title))
    throw refused('(archive)', 'it has no usable title');
  if (existsSync(destination) && options.replace !== true) {
    throw new ProvError('OCI_UNPACK_TARGET_EXISTS', { path: destination });
  }
  const staging = beside(destination);
  try {
    makeDirectories(staging, { mode: 0o755 });
    const unpacked = await unpackInto(staging, source, { ...options, title });
    await putInPlace(staging, destination);
    return unpacked;
  } catch (error) {
    discard(staging);
    throw error;
  }
}

/** What went wrong first is what has to be told, not that there is nothing to clean up. */
function discard(staging: string): void {
  try {
    rmSync(staging, { recursive: true, force: true });
  } catch (error) {
    log.debug('a staging directory stays', { path: staging, reason: (error as Error).message });
  }
}

async function unpackInto(
  staging: string,
  source: AsyncIterable<Uint8Array>,
  options: UnpackOptions & { title: string },
): Promise<Unpacked> {
  const { descriptor, signal, title } = options;
  const limits = { ...UNPACK_LIMITS, ...options.limits };
  const tar = new Digester();
  let compressed = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    const checked = descriptor ? verifiedStream(source, descriptor, 'the archive', signal) : source;
    for await (const chunk of checked) {
      signal?.throwIfAborted();
      compressed += chunk.byteLength;
      yield chunk;
    }
  }
  const fileSystem = options.fileSystem ?? nodeFileSystem;
  const writer = await openTreeWriter({ directory: staging, title, limits, fileSystem });
  try {
    for await (const chunk of gunzipStream(counted())) {
      tar.update(chunk);
      if (tar.bytes > limits.bytes) throw refused('(archive)', `it holds more than ${limits.bytes} bytes`);
      if (tar.bytes > RATIO_FROM_BYTES && tar.bytes > compressed * limits.ratio) {
        throw refused('(archive)', `it grows more than ${limits.ratio} times when unpacked`);
      }
      writer.write(chunk);
    }
    const written = writer.finish();
    const treeDigest = tar.digest();
    const expected = descriptor?.annotations?.[ANNOTATION.orasDigest];
    if (expected?.startsWith('sha256:') && expected !== treeDigest) {
      throw new ProvError('OCI_DIGEST_MISMATCH', {
        where: 'the uncompressed archive',
        expected,
        actual: treeDigest,
      });
    }
    return { ...written, treeDigest };
  } finally {
    writer.close();
  }
}

async function putInPlace(staging: string, destination: string): Promise<void> {
  const old = existsSync(destination) ? beside(destination) : undefined;
  try {
    if (old !== undefined) renameSync(destination, old);
    try {
      renameSync(staging, destination);
    } catch (error) {
      if (old !== undefined) renameSync(old, destination);
      throw error;
    }
    await fsyncDirectoryLater(dirname(destination));
  } catch (error) {
    throw writeError(destination, error);
  }
  if (old !== undefined) rmSync(old, { recursive: true, force: true });
}

function beside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
}
