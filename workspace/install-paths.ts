import { join } from 'node:path';
import { digestHex } from '#base';
import { contentDigestOf, kindPlural, type LockEntry } from '#schemas';

const DIGEST_CHARACTERS = 12;

/** Where a locked extension is: `.cache/modules/<kinds>/<name>@<version>-<12 hex of its manifest>`, or its own directory. */
export function moduleInstallDir(root: string, entry: LockEntry): string {
  if ('path' in entry.source) return join(root, entry.source.path);
  const leaf = `${entry.name}@${entry.version}-${digestHex(contentDigestOf(entry)).slice(0, DIGEST_CHARACTERS)}`;
  return join(root, '.cache', 'modules', kindPlural(entry.kind), leaf);
}

/** Where the bytes of an asset are kept, by the sha256 that its manifest declares. */
export function assetInstallPath(root: string, sha256: string): string {
  return join(root, '.cache', 'assets', sha256);
}
