import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import { ProvError } from '#base';
import { reading } from '../reading.js';
import { encodeTarHeader, TAR_END, type TarEntry, tarPadding } from '../tar/tar-header.js';
import type { TreeEntry } from './collect-files.js';
import { isExecutableContent, MAGIC_BYTES } from './executable-content.js';

export interface TarStreamOptions {
  /** The directory that all entries stand under, as oras expects it. */
  readonly title: string;
  /** Seconds since 1970 for every entry. Default 0. */
  readonly mtime?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const READ_BYTES = 256 * 1024;
/** Reads are synchronous (twice as fast for small files); after this many bytes others get their turn. */
const BREATHE_BYTES = 1024 * 1024;

/**
 * The uncompressed tar of a tree: a function of titles, paths and contents only. Modes are 0755 for
 * directories and for content that is executable by itself, else 0644; owners are 0; times are `mtime`.
 * @throws OCI_PACK_REFUSED when a path is too long; OCI_PACK_FILE_CHANGED when a size changes meanwhile.
 */
export async function* tarStream(
  entries: readonly TreeEntry[],
  options: TarStreamOptions,
): AsyncGenerator<Uint8Array> {
  const mtime = options.mtime ?? 0;
  yield header({ path: options.title, type: 'directory', mode: 0o755, size: 0, mtime });
  let sinceBreath = 0;
  for (const entry of entries) {
    options.signal?.throwIfAborted();
    const path = `${options.title}/${entry.path}`;
    if (entry.type === 'directory') {
      yield header({ path, type: 'directory', mode: 0o755, size: 0, mtime });
      continue;
    }
    for (const chunk of fileChunks(entry, path, mtime)) {
      yield chunk;
      sinceBreath += chunk.byteLength;
      if (sinceBreath < BREATHE_BYTES) continue;
      sinceBreath = 0;
      await breathe();
      options.signal?.throwIfAborted();
    }
  }
  yield TAR_END;
}

function* fileChunks(entry: TreeEntry, path: string, mtime: number): Generator<Uint8Array> {
  const fd = reading(entry.source, () => openSync(entry.source, 'r'));
  try {
    if (fstatSync(fd).size !== entry.size) throw new ProvError('OCI_PACK_FILE_CHANGED', { path: entry.path });
    const magic = Buffer.alloc(MAGIC_BYTES);
    const magicBytes = readSync(fd, magic, 0, MAGIC_BYTES, 0);
    const mode = isExecutableContent(magic.subarray(0, magicBytes)) ? 0o755 : 0o644;
    yield header({ path, type: 'file', mode, size: entry.size, mtime });
    for (let position = 0; position < entry.size; ) {
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, entry.size - position));
      const bytesRead = readSync(fd, buffer, 0, buffer.length, position);
      if (bytesRead === 0) throw new ProvError('OCI_PACK_FILE_CHANGED', { path: entry.path });
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    yield tarPadding(entry.size);
  } finally {
    closeSync(fd);
  }
}

function header(entry: TarEntry): Uint8Array {
  const block = encodeTarHeader(entry);
  if (block) return block;
  throw new ProvError('OCI_PACK_REFUSED', {
    path: entry.path,
    reason: 'the path is too long for a tar (about 255 bytes, 100 for the last part)',
  });
}
