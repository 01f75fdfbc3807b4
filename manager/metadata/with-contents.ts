import { openContentCache } from '#oci';
import type { Workspace } from '#workspace';
import { withRegistries } from '../access/registries.js';
import { contentCacheDir, type ManagerContext, metadataCacheDir } from '../context.js';
import { readLocalPackages } from '../resolve/local-packages.js';
import { createWorkspaceRegistries, type WorkspaceRegistries } from '../resolve/workspace-registries.js';
import { type Contents, createContents } from './contents.js';
import { openMetadataCache } from './metadata-cache.js';

/** What a use case of a workspace reads packages with. */
export interface WorkspaceSources {
  readonly registries: WorkspaceRegistries;
  readonly contents: Contents;
  /** Requests made so far by HTTP method. */
  readonly requests: Readonly<Record<string, number>>;
}

/** Runs `action` with the registries and caches of a workspace, closed afterwards whatever happens. */
export async function withContents<T>(
  { workspace, context }: { readonly workspace: Workspace; readonly context: ManagerContext },
  action: (sources: WorkspaceSources) => Promise<T>,
): Promise<T> {
  return withRegistries(context, async (connections) => {
    const local = await readLocalPackages(workspace, context);
    const registries = createWorkspaceRegistries(workspace, connections, local);
    const metadata = openMetadataCache(metadataCacheDir(context));
    const content = await openContentCache(contentCacheDir(context));
    try {
      const contents = createContents({ registries, metadata, content }, context);
      return await action({ registries, contents, requests: connections.requests });
    } finally {
      await content.close();
    }
  });
}
