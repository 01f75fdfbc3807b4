import type { Kind } from '#schemas';
import type { Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import { lockedConfigs } from '../lock/locked-configs.js';
import { withContents } from '../metadata/with-contents.js';
import { requireLock } from '../resolve/lock-file.js';

export interface LicenceRow {
  readonly kind: Kind;
  readonly name: string;
  readonly version: string;
  /** SPDX expression; absent when the extension states none. */
  readonly licence?: string | undefined;
}

/** The licence of every locked extension, as its signed config states it. @throws MANAGER_LOCK_MISSING */
export async function listLicences(
  workspace: Workspace,
  context: ManagerContext,
): Promise<readonly LicenceRow[]> {
  const lock = await requireLock(workspace.lockFile);
  return withContents({ workspace, context }, async ({ contents }) => {
    const configs = await lockedConfigs(lock, contents, context);
    return lock.extensions.map((entry) => {
      const { kind, name, version } = entry;
      return { kind, name, version, licence: configs.get(entry)?.license };
    });
  });
}
