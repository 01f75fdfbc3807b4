import { type Digest, Digester, isProvError } from '#base';
import { TAR_BLOCK } from '../tar/tar-header.js';
import { createEntryGuard, UNPACK_LIMITS, type UnpackLimits } from './entry-guard.js';
import { gunzipStream } from './gunzip-stream.js';

/** One entry of an archive, as it stands there; nothing of it was believed. */
export interface ListedEntry {
  readonly path: string;
  /** As the `tar` parser calls it: `File`, `Directory`, `SymbolicLink`, … */
  readonly type: string;
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  readonly linksTo?: string;
  /** Why unpacking would refuse it. */
  readonly refused?: string;
}

export interface ListedArchive {
  /** The directory that every entry stands under: the first segment of the first entry. */
  readonly title: string;
  readonly entries: readonly ListedEntry[];
  /** Of the bytes as they are, and their number. */
  readonly digest: Digest;
  readonly size: number;
  /** Of the uncompressed archive. */
  readonly treeDigest: Digest;
  readonly unpackedBytes: number;
  /** What is wrong with the archive as a whole: cut off, over a limit, no tar. */
  readonly problems: readonly string[];
}

export interface ListOptions {
  readonly limits?: Partial<UnpackLimits> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Below this size a high ratio is no danger. */
const RATIO_FROM_BYTES = 1024 * 1024;

/**
 * Lists an archive that may be hostile without writing anything, and judges every entry as unpacking would.
 * Reading ends at the first limit that is passed; what was seen until then is returned.
 */
export async function listArchive(
  source: AsyncIterable<Uint8Array>,
  options: ListOptions = {},
): Promise<ListedArchive> {
  const { Parser } = await import('tar/parse');
  const limits = { ...UNPACK_LIMITS, ...options.limits };
  const gzip = new Digester();
  const tar = new Digester();
  const entries: ListedEntry[] = [];
  const problems: string[] = [];
  let title = '';
  let guard: ReturnType<typeof createEntryGuard> | undefined;

  const judge = (path: string, type: string): string | undefined => {
    if (guard === undefined) {
      title = path.split('/').find((segment) => segment !== '' && segment !== '.') ?? '';
      guard = createEntryGuard(title, limits);
    }
    try {
      guard.accept(path, type);
      return undefined;
    } catch (error) {
      if (!isProvError(error, 'OCI_UNPACK_REFUSED')) throw error;
      return String(error.details['reason']);
    }
  };
  const note = (entry: { path: string; type: string; size: number; mode?: number; linkpath?: string }) => {
    if (entries.length > limits.entries) return;
    const refused = judge(entry.path, entry.type);
    entries.push({
      path: entry.path,
      type: entry.type,
      size: entry.size,
      mode: (entry.mode ?? 0) & 0o7777,
      ...(entry.linkpath ? { linksTo: entry.linkpath } : {}),
      ...(refused === undefined ? {} : { refused }),
    });
  };
  const parser = new Parser({
    brotli: false,
    zstd: false,
    onReadEntry: (entry) => {
      note(entry as Parameters<typeof note>[0]);
      entry.resume();
    },
  });
  // What follows the end of the archive would be kept in memory: the parser never sees it.
  let ended = false;
  parser.on('eof', () => {
    ended = true;
  });
  parser.on('ignoredEntry', (entry) => note(entry as Parameters<typeof note>[0]));
  parser.on('warn', (code, message) => problems.push(`${String(code)}: ${String(message)}`));
  parser.on('error', (error: Error) => problems.push(`it is not a valid tar: ${error.message}`));

  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      options.signal?.throwIfAborted();
      gzip.update(chunk);
      yield chunk;
    }
  }
  try {
    for await (const chunk of gunzipStream(counted())) {
      tar.update(chunk);
      if (!ended) parser.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      const limit = passedLimit(tar.bytes, gzip.bytes, entries.length, limits);
      if (limit === undefined) continue;
      problems.push(limit);
      break;
    }
    parser.end();
    if (tar.bytes % TAR_BLOCK !== 0 && problems.length === 0) problems.push('it is cut off');
  } catch (error) {
    if (!isProvError(error, 'OCI_UNPACK_REFUSED')) throw error;
    problems.push(String(error.details['reason']));
  }
  if (tar.bytes === 0 && gzip.bytes === 0) problems.splice(0, problems.length, 'it is empty');
  return {
    title,
    entries,
    digest: gzip.digest(),
    size: gzip.bytes,
    treeDigest: tar.digest(),
    unpackedBytes: tar.bytes,
    problems,
  };
}

function passedLimit(
  unpacked: number,
  packed: number,
  entries: number,
  limits: UnpackLimits,
): string | undefined {
  if (unpacked > limits.bytes) return `it holds more than ${limits.bytes} bytes`;
  if (entries > limits.entries) return `it has more than ${limits.entries} entries`;
  if (unpacked > RATIO_FROM_BYTES && unpacked > packed * limits.ratio)
    return `it grows more than ${limits.ratio} times when unpacked`;
  return undefined;
}
