import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ProvError } from '#base';
import { reading } from '../reading.js';
import { encodeTarHeader, TAR_BLOCK, TAR_END, type TarEntry, writeTarHeader } from '../tar/tar-header.js';
import type { TreeEntry } from './collect-files.js';
import { isExecutableContent, MAGIC_BYTES } from './executable-content.js';

export interface TarOptions {
  /** The directory that all entries stand under, as oras expects it. */
  readonly title: string;
  /** Seconds since 1970 for every entry. Default 0. */
  readonly mtime?: number | undefined;
}

/**
 * The uncompressed tar of a tree, in pieces of `pieceBytes` (the last may be shorter), each in a buffer of
 * its own: a function of titles, paths and contents only. Modes are 0755 for directories and for content
 * that is executable by itself, else 0644; owners are 0; times are `mtime`. Files are read synchronously,
 * twice as fast for small ones: give others their turn between pieces.
 * @throws OCI_PACK_REFUSED when a path is too long; OCI_PACK_FILE_CHANGED when a size changes meanwhile.
 */
export function* tarPieces(
  entries: readonly TreeEntry[],
  options: TarOptions,
  pieceBytes: number,
): Generator<Uint8Array<ArrayBuffer>> {
  const mtime = options.mtime ?? 0;
  let piece = emptyPiece(Math.min(pieceBytes, tarBytes(entries)));
  let filled = 0;
  /** Fills the room that is left with `bytes`; gives out each piece that becomes full. */
  function* put(bytes: Uint8Array): Generator<Uint8Array<ArrayBuffer>> {
    for (let at = 0; at < bytes.byteLength; ) {
      const part = bytes.subarray(at, at + pieceBytes - filled);
      piece.set(part, filled);
      at += part.byteLength;
      filled += part.byteLength;
      if (filled === pieceBytes) yield takeFull();
    }
  }
  function takeFull(): Uint8Array<ArrayBuffer> {
    const full = piece;
    piece = emptyPiece(pieceBytes);
    filled = 0;
    return full;
  }
  /** A file that fits into the piece is read in one call, which asks for a byte more than there should be. */
  function putSmall(fd: number, entry: TreeEntry, path: string): void {
    const start = filled + TAR_BLOCK;
    if (readSync(fd, piece, start, entry.size + 1, 0) !== entry.size) throw changed(entry);
    const mode = modeOf(piece.subarray(start, start + entry.size));
    const about = { path, type: 'file', mode, size: entry.size, mtime } as const;
    if (!writeTarHeader(piece, filled, about)) throw tooLong(path);
    filled = start + entry.size + paddingBytes(entry.size);
  }
  function* putLarge(fd: number, entry: TreeEntry, path: string): Generator<Uint8Array<ArrayBuffer>> {
    if (fstatSync(fd).size !== entry.size) throw changed(entry);
    const magic = Buffer.alloc(MAGIC_BYTES);
    const mode = modeOf(magic.subarray(0, readSync(fd, magic, 0, MAGIC_BYTES, 0)));
    yield* put(header({ path, type: 'file', mode, size: entry.size, mtime }));
    for (let position = 0; position < entry.size; ) {
      const wanted = Math.min(pieceBytes - filled, entry.size - position);
      const bytesRead = readSync(fd, piece, filled, wanted, position);
      if (bytesRead === 0) throw changed(entry);
      position += bytesRead;
      filled += bytesRead;
      if (filled === pieceBytes) yield takeFull();
    }
    yield* put(PADDING.subarray(0, paddingBytes(entry.size)));
  }
  yield* put(header({ path: options.title, type: 'directory', mode: 0o755, size: 0, mtime }));
  for (const entry of entries) {
    const path = `${options.title}/${entry.path}`;
    if (entry.type === 'directory') {
      yield* put(header({ path, type: 'directory', mode: 0o755, size: 0, mtime }));
      continue;
    }
    const fd = reading(entry.source, () => openSync(entry.source, 'r'));
    try {
      if (filled + entry.size + 2 * TAR_BLOCK < pieceBytes) putSmall(fd, entry, path);
      else yield* putLarge(fd, entry, path);
    } finally {
      closeSync(fd);
    }
  }
  yield* put(TAR_END);
  if (filled > 0) yield Uint8Array.from(piece.subarray(0, filled));
}

/** Of the whole archive, with the end that leaves room to see that a file has grown. */
function tarBytes(entries: readonly TreeEntry[]): number {
  const blocks = (size: number) => TAR_BLOCK + size + paddingBytes(size);
  return entries.reduce((sum, { size }) => sum + blocks(size), TAR_BLOCK + TAR_END.byteLength);
}

function emptyPiece(bytes: number): Buffer<ArrayBuffer> {
  return Buffer.from(new ArrayBuffer(bytes));
}

function modeOf(start: Uint8Array): number {
  return isExecutableContent(start) ? 0o755 : 0o644;
}

function paddingBytes(size: number): number {
  return (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;
}

const PADDING = new Uint8Array(TAR_BLOCK);

function changed(entry: TreeEntry): ProvError {
  return new ProvError('OCI_PACK_FILE_CHANGED', { path: entry.path });
}

function header(entry: TarEntry): Uint8Array {
  const block = encodeTarHeader(entry);
  if (block) return block;
  throw tooLong(entry.path);
}

function tooLong(path: string): ProvError {
  return new ProvError('OCI_PACK_REFUSED', {
    path,
    reason: 'the path is too long for a tar (about 255 bytes, 100 for the last part)',
  });
}
