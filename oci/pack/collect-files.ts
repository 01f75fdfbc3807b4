import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { assertWithin, LIMITS, ProvError } from '#base';
import { reading } from '../reading.js';
import { ACCEPT_ALL, type PathFilter } from './path-filter.js';
import { collisionKey, compareBytewise, unportableReason } from './portable-path.js';

/** A file or directory that goes into an archive. `path` is relative, with `/`. */
export interface TreeEntry {
  readonly path: string;
  readonly type: 'file' | 'directory';
  /** Where to read it; a link inside the tree is already followed. */
  readonly source: string;
  /** Bytes; 0 for directories. */
  readonly size: number;
}

/**
 * The entries of a tree, sorted bytewise, each directory before what it holds. Directories without files
 * are left out, as git does. A link to a file inside the tree stands for that file.
 * @throws OCI_PACK_REFUSED for other links, special files, and names that are not alike on every system;
 *   BASE_LIMIT_EXCEEDED above 100,000 entries.
 */
export function collectFiles(root: string, filter: PathFilter = ACCEPT_ALL): readonly TreeEntry[] {
  const realRoot = reading(root, () => realpathSync(root));
  const files = new Map<string, TreeEntry>();
  walk(realRoot, '', filter, files);
  const entries = new Map<string, TreeEntry>();
  for (const file of files.values()) {
    for (let slash = file.path.lastIndexOf('/'); slash > 0; slash = file.path.lastIndexOf('/', slash - 1)) {
      const path = file.path.slice(0, slash);
      if (entries.has(path)) break;
      entries.set(path, { path, type: 'directory', source: join(realRoot, path), size: 0 });
    }
    entries.set(file.path, file);
  }
  assertWithin(entries.size, LIMITS.unpackedEntries, `the tree ${root}`, 'entries');
  const keys = new Map<string, string>();
  for (const { path } of entries.values()) {
    const key = collisionKey(path);
    const other = keys.get(key);
    if (other !== undefined) throw refused(path, `it and "${other}" are one file on some systems`);
    keys.set(key, path);
  }
  return [...entries.values()].sort((a, b) => compareBytewise(a.path, b.path));
}

function walk(root: string, at: string, filter: PathFilter, out: Map<string, TreeEntry>): void {
  const directory = join(root, at);
  for (const found of reading(directory, () => readdirSync(directory, { withFileTypes: true }))) {
    const { name } = found;
    const path = at === '' ? name : `${at}/${name}`;
    const source = join(root, path);
    if (found.isDirectory()) {
      if (!filter.prunes(path)) walk(root, path, filter, out);
      continue;
    }
    if (!filter.accepts(path)) continue;
    const reason = path
      .split('/')
      .map(unportableReason)
      .find((each) => each !== undefined);
    if (reason !== undefined) throw refused(path, reason);
    const stats = reading(source, () => lstatSync(source));
    if (stats.isSymbolicLink()) out.set(path, followLink(root, path, source));
    else if (stats.isFile()) out.set(path, { path, type: 'file', source, size: stats.size });
    else throw refused(path, 'it is neither a file nor a directory');
    assertWithin(out.size, LIMITS.unpackedEntries, `the tree ${root}`, 'entries');
  }
}

function followLink(root: string, path: string, source: string): TreeEntry {
  let target: string;
  try {
    target = realpathSync(source);
  } catch (error) {
    throw refused(path, `it is a link that leads nowhere (${(error as NodeJS.ErrnoException).code})`);
  }
  if (!target.startsWith(root + sep)) throw refused(path, 'it is a link that leads out of the extension');
  const stats = statSync(target);
  if (!stats.isFile()) throw refused(path, 'it is a link to something that is not a file');
  return { path, type: 'file', source: target, size: stats.size };
}

function refused(path: string, reason: string): ProvError {
  return new ProvError('OCI_PACK_REFUSED', { path, reason });
}
