import { existsSync } from 'node:fs';
import { isProvError } from '#base';
import type { Asset, LockEntry } from '#schemas';
import { assertInstalledTree, hostPlatform } from '#workspace';

/** Whether an installed directory is still what was locked. */
export async function isUnchanged(
  dir: string,
  entry: LockEntry,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (!existsSync(dir)) return false;
  try {
    await assertInstalledTree(dir, entry, signal);
    return true;
  } catch (error) {
    if (isProvError(error, 'WORKSPACE_MODULE_MODIFIED') || isProvError(error, 'OCI_PACK_REFUSED'))
      return false;
    throw error;
  }
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
