import { join } from 'node:path';
import { digestHex } from '#base';
import { kindPlural, type LockEntry } from '#schemas';

const DIGEST_CHARACTERS = 12;

/** Where a locked extension is installed: `.cache/modules/<kinds>/<name>@<version>-<12 hex of its manifest>`. */
export function moduleInstallDir(
  root: string,
  entry: Pick<LockEntry, 'kind' | 'name' | 'version' | 'manifest'>,
): string {
  const leaf = `${entry.name}@${entry.version}-${digestHex(entry.manifest.digest).slice(0, DIGEST_CHARACTERS)}`;
  return join(root, '.cache', 'modules', kindPlural(entry.kind), leaf);
}

/** Where the bytes of an asset are kept, by the sha256 that its manifest declares. */
export function assetInstallPath(root: string, sha256: string): string {
  return join(root, '.cache', 'assets', sha256);
}
