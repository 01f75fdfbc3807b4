import { LIMITS, ProvError } from '#base';
import { collisionKey, unportableReason } from '../pack/portable-path.js';

/** Caps of one archive. */
export interface UnpackLimits {
  readonly entries: number;
  /** Uncompressed bytes in all. */
  readonly bytes: number;
  /** Uncompressed over compressed bytes, looked at above 1 MiB. */
  readonly ratio: number;
}

export const UNPACK_LIMITS: UnpackLimits = {
  entries: LIMITS.unpackedEntries,
  bytes: LIMITS.unpackedBytes,
  ratio: LIMITS.unpackRatio,
};

/** An entry that may be written. `path` is relative to the title; '' is the title's directory itself. */
export interface AcceptedEntry {
  readonly path: string;
  readonly type: 'file' | 'directory';
}

export interface EntryGuard {
  accept(path: string, type: string): AcceptedEntry;
}

const FILE_TYPES: readonly string[] = ['File', 'OldFile', 'ContiguousFile'];
const LINK_TYPES: Readonly<Record<string, string>> = { SymbolicLink: 'a symbolic link', Link: 'a hard link' };

/**
 * Decides entry by entry what an archive may put under `title`: plain files and directories, each once, with
 * names that stay apart on every file system. Everything else is refused, links and devices included.
 * @throws OCI_UNPACK_REFUSED with the entry and the reason.
 */
export function createEntryGuard(title: string, limits: UnpackLimits): EntryGuard {
  const seen = new Map<string, AcceptedEntry>();
  let entries = 0;

  function remember(entry: AcceptedEntry, whole: string): void {
    const key = collisionKey(entry.path);
    const other = seen.get(key);
    if (other !== undefined && other.path !== entry.path)
      throw refused(whole, `it and "${other.path}" are one file on some systems`);
    if (other !== undefined && other.type !== entry.type)
      throw refused(whole, 'it is a file and a directory at once');
    if (other?.type === 'file') throw refused(whole, 'it is there twice');
    seen.set(key, entry);
  }

  return {
    accept(whole, type) {
      if (++entries > limits.entries)
        throw refused(whole, `the archive has more than ${limits.entries} entries`);
      const kind = kindOf(whole, type);
      const path = insideTitle(whole, title);
      if (path === '' && kind === 'file') throw refused(whole, 'the directory of the title is a file');
      for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
        remember({ path: path.slice(0, slash), type: 'directory' }, whole);
      }
      if (path !== '') remember({ path, type: kind }, whole);
      return { path, type: kind };
    },
  };
}

function kindOf(whole: string, type: string): 'file' | 'directory' {
  if (FILE_TYPES.includes(type)) return 'file';
  if (type === 'Directory' || type === 'GNUDumpDir') return 'directory';
  throw refused(whole, `it is ${LINK_TYPES[type] ?? 'no plain file'} (${type})`);
}

function insideTitle(whole: string, title: string): string {
  if (Buffer.byteLength(whole) > LIMITS.pathBytes) throw refused(whole.slice(0, 200), 'the path is too long');
  if (whole.startsWith('/') || /^[A-Za-z]:/.test(whole)) throw refused(whole, 'the path is absolute');
  const segments = whole.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) throw refused(whole, 'the path has ..');
  if (segments[0] !== title) throw refused(whole, `it is outside of the directory ${title}`);
  const reason = segments.map(unportableReason).find((each) => each !== undefined);
  if (reason !== undefined) throw refused(whole, reason);
  return segments.slice(1).join('/');
}

/** The error of everything that an archive must not have. */
export function refused(entry: string, reason: string, cause?: unknown): ProvError {
  return new ProvError('OCI_UNPACK_REFUSED', { entry, reason }, cause === undefined ? undefined : { cause });
}
