import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isProvError } from '#base';
import { type Asset, type ExtensionManifest, type LockEntry, parseExtensionManifest } from '#schemas';
import { assertInstalledTree, hostPlatform, type TreeOptions } from '#workspace';

/** Whether an installed directory is still what was locked. */
export async function isUnchanged(dir: string, entry: LockEntry, options: TreeOptions): Promise<boolean> {
  if (!existsSync(dir)) return false;
  try {
    await assertInstalledTree(dir, entry, options);
    return true;
  } catch (error) {
    if (isProvError(error, 'WORKSPACE_MODULE_MODIFIED') || isProvError(error, 'OCI_PACK_REFUSED'))
      return false;
    throw error;
  }
}

/** The manifest in an installed directory. @throws SCHEMAS_* */
export async function installedManifest(
  dir: string,
  { provVersion }: { readonly provVersion: string },
): Promise<ExtensionManifest> {
  const path = join(dir, 'manifest.yaml');
  return parseExtensionManifest(await readFile(path, 'utf8'), path, provVersion).value;
}

/** Assets that were vendored for this machine. */
export function assetLayers(entry: LockEntry): readonly LockEntry['layers'][number][] {
  return entry.layers.filter(
    ({ asset, platform }) => asset !== undefined && (platform === undefined || platform === hostPlatform()),
  );
}

export function isForThisMachine({ platform }: Pick<Asset, 'platform'>): boolean {
  return platform === undefined || platform === hostPlatform();
}
