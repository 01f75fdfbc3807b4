import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Every file and link below `dir` with the digest of its content, so that two moments can be compared. */
export function snapshot(dir: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const path of listFiles(dir)) {
    const info = lstatSync(join(dir, path));
    found[path] = info.isSymbolicLink()
      ? `-> ${readlinkSync(join(dir, path))}`
      : createHash('sha256')
          .update(readFileSync(join(dir, path)))
          .digest('hex');
  }
  return found;
}

/** Relative paths of everything below `dir` that is not a directory; empty when there is no such directory. */
export function listFiles(dir: string, under = ''): string[] {
  const info = lstatSync(join(dir, under), { throwIfNoEntry: false });
  if (!info?.isDirectory()) return [];
  return readdirSync(join(dir, under), { withFileTypes: true })
    .flatMap((entry) => {
      const path = under === '' ? entry.name : `${under}/${entry.name}`;
      return entry.isDirectory() ? listFiles(dir, path) : [path];
    })
    .sort();
}

/** Names that only unfinished work has: temporary files, staging directories, uploads under way. */
export function unfinished(dir: string, under = ''): string[] {
  const info = lstatSync(join(dir, under), { throwIfNoEntry: false });
  if (!info?.isDirectory()) return [];
  return readdirSync(join(dir, under), { withFileTypes: true }).flatMap((entry) => {
    const path = under === '' ? entry.name : `${under}/${entry.name}`;
    if (/\.tmp$|\.partial$|staging|^\.prov-init-|^prov-pack-/.test(entry.name)) return [path];
    return entry.isDirectory() ? unfinished(dir, path) : [];
  });
}

/** Writes files given by relative path. */
export function writeTree(dir: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  mkdirSync(dir, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  }
  return dir;
}
