import { memoSource, type ResolveOptions } from '#resolver';
import type { Lock } from '#schemas';
import type { Workspace } from '#workspace';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { readLocalPackages } from '../resolve/local-packages.js';
import { resolutionOptions } from '../resolve/resolution-options.js';
import { createWorkspaceRegistries, type WorkspaceRegistries } from '../resolve/workspace-registries.js';

/** Calls `work` with what a workspace asks of the resolver; each lookup is made once, however many are solved. */
export function withResolution<T>(
  { workspace, keep }: { readonly workspace: Workspace; readonly keep?: Lock | undefined },
  context: ManagerContext,
  work: (options: ResolveOptions, registries: WorkspaceRegistries) => Promise<T>,
): Promise<T> {
  return withRegistries(context, async (connections) => {
    const local = await readLocalPackages(workspace, context);
    const registries = createWorkspaceRegistries(workspace, connections, local);
    const options = resolutionOptions({ workspace, registries, keep }, context);
    return work({ ...options, source: memoSource(options.source) }, registries);
  });
}
