import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type FileSystem, ProvError, writeError } from '#base';
import { createEntryGuard, refused, type UnpackLimits } from './entry-guard.js';

export interface TreeWriterOptions {
  readonly directory: string;
  readonly title: string;
  readonly limits: UnpackLimits;
  readonly fileSystem: FileSystem;
}

const MAGIC_BYTES = 4;

/** Takes the bytes of an uncompressed tar and writes its files below a directory. */
export interface TreeWriter {
  write(chunk: Uint8Array): void;
  /** Ends the archive. @throws OCI_UNPACK_REFUSED when it is cut off or holds nothing. */
  finish(): { files: number; bytes: number };
  /** Releases what is open; safe at any time. */
  close(): void;
}

/**
 * A sink for hostile archives: npm's strict `tar` parser finds the entries, the guard judges them, and files
 * are written synchronously (the parser's own asynchronous path is several times slower).
 */
export async function openTreeWriter(options: TreeWriterOptions): Promise<TreeWriter> {
  const { Parser } = await import('tar/parse');
  const { directory, fileSystem } = options;
  const guard = createEntryGuard(options.title, options.limits);
  const made = new Set<string>(['']);
  let failure: unknown;
  let open: number | undefined;
  let entries = 0;
  let files = 0;
  let bytes = 0;
  /** The first bytes, until there are enough to see what they are. */
  let head: Uint8Array | undefined = new Uint8Array(0);
  let ended = false;

  const fail = (error: unknown) => {
    failure ??= error;
  };
  const attempt = (path: string, action: () => void) => {
    if (failure !== undefined) return;
    try {
      action();
    } catch (error) {
      fail(error instanceof ProvError ? error : writeError(path, error));
    }
  };
  function makeParents(path: string): void {
    if (made.has(path)) return;
    const slash = path.lastIndexOf('/');
    makeParents(slash < 0 ? '' : path.slice(0, slash));
    mkdirSync(join(directory, path), { mode: 0o755 });
    made.add(path);
  }

  const parser = new Parser({
    strict: true,
    brotli: false,
    zstd: false,
    onReadEntry: (entry) => {
      let target = entry.path;
      attempt(target, () => {
        entries += 1;
        const accepted = guard.accept(entry.path, entry.type);
        target = join(directory, accepted.path);
        if (accepted.type === 'directory') {
          if (entry.size > 0) throw refused(entry.path, 'it is a directory with content');
          makeParents(accepted.path);
          return;
        }
        makeParents(
          accepted.path.includes('/') ? accepted.path.slice(0, accepted.path.lastIndexOf('/')) : '',
        );
        open = fileSystem.open(target, 'wx', (entry.mode ?? 0) & 0o111 ? 0o755 : 0o644);
        files += 1;
      });
      const fd = open;
      entry.on('data', (chunk: Buffer) => {
        attempt(target, () => {
          if (fd === undefined) return;
          for (let at = 0; at < chunk.length; ) at += fileSystem.write(fd, chunk.subarray(at));
          bytes += chunk.length;
        });
      });
      entry.on('end', () => attempt(target, closeFile));
    },
  });
  parser.on('eof', () => {
    ended = true;
  });
  parser.on('ignoredEntry', (entry) => fail(refused(entry.path, `it is no plain file (${entry.type})`)));
  parser.on('error', (error: Error) =>
    fail(refused('(archive)', `it is not a valid tar: ${error.message}`, error)),
  );

  function closeFile(): void {
    if (open === undefined) return;
    const fd = open;
    open = undefined;
    fileSystem.close(fd);
  }

  return {
    write(chunk) {
      let ready = chunk;
      if (head !== undefined) {
        ready = Buffer.concat([head, chunk]);
        head = ready.byteLength < MAGIC_BYTES ? ready : undefined;
        if (head !== undefined) return;
        if (isCompressed(ready)) throw refused('(archive)', 'it is compressed twice');
      }
      // The parser keeps all that follows the end of the archive in memory: it never sees it.
      if (!ended) parser.write(Buffer.from(ready.buffer, ready.byteOffset, ready.byteLength));
      if (failure !== undefined) throw failure;
    },
    finish() {
      if (head !== undefined) throw refused('(archive)', 'it is empty');
      parser.end();
      if (failure !== undefined) throw failure;
      if (entries === 0) throw refused('(archive)', 'it is empty');
      return { files, bytes };
    },
    close: closeFile,
  };
}

/** gzip or zstd, which the parser would uncompress by itself, past our limits. */
function isCompressed(start: Uint8Array): boolean {
  const [a, b, c, d] = start;
  return (a === 0x1f && b === 0x8b) || (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd);
}
