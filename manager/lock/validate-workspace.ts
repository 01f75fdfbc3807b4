import { installOrder } from '#resolver';
import type { Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import { withContents } from '../metadata/with-contents.js';
import { readLock } from '../resolve/lock-file.js';
import { fitPlace } from '../resolve/lock-fit.js';
import { resolutionOptions } from '../resolve/resolution-options.js';
import { assertFits } from '../resolve/resolve-workspace.js';
import { solve } from '../resolve/solve-workspace.js';

export interface ValidateResult {
  readonly requirements: number;
  readonly extensions: number;
  /** Whether a lock was checked; otherwise versions were looked for and nothing was written. */
  readonly locked: boolean;
  /** Names in an order in which everything can be installed. */
  readonly order: readonly string[];
}

/**
 * Passes when the dependencies of a workspace can be met and run in some order: the lock fits the requirements
 * and has no cycle, or, where there is none, a solution exists.
 * @throws MANAGER_LOCK_STALE, MANAGER_UNRESOLVABLE, RESOLVER_ORDER_CYCLE, RESOLVER_EDGE_DANGLING
 */
export async function validateWorkspace(
  workspace: Workspace,
  context: ManagerContext,
): Promise<ValidateResult> {
  const { lockFile, requirements } = workspace;
  const lock = await readLock(lockFile);
  if (lock !== undefined) {
    assertFits(lock, await fitPlace(workspace, lock, context));
    const order = installOrder(lock, { cycles: 'refuse' }).map(({ name }) => name);
    return { requirements: requirements.length, extensions: order.length, locked: true, order };
  }
  return withContents({ workspace, context }, async ({ registries }) => {
    const { packages } = await solve(resolutionOptions({ workspace, registries }, context), { workspace });
    const order = packages.map(({ name }) => name);
    return { requirements: requirements.length, extensions: order.length, locked: false, order };
  });
}
