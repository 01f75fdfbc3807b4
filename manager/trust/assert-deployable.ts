import { ProvError } from '#base';
import { cachedStore, openContentCache } from '#oci';
import { packageId } from '#resolver';
import type { Kind, Lock, LockEntry } from '#schemas';
import { assertTrusted } from '#trust';
import { MODE_RULES, type Workspace } from '#workspace';
import { withRegistries } from '../access/registries.js';
import { contentCacheDir, type ManagerContext } from '../context.js';
import { assertFits } from '../resolve/resolve-workspace.js';
import { createWorkspaceRegistries } from '../resolve/workspace-registries.js';
import { verifyContent } from './verify-content.js';
import { workspacePolicy } from './workspace-policy.js';

export interface DeployableRequest {
  readonly workspace: Workspace;
  readonly infra: string;
  readonly lock: Lock;
  /** The locked extensions that the infra runs. */
  readonly entries: readonly LockEntry[];
  /** Extensions of the workspace and infra layers that it runs: nobody signs those. */
  readonly unsigned: readonly { readonly kind: Kind; readonly name: string; readonly layer: string }[];
}

/**
 * Passes only when the lock fits the requirements of today and what it names may run under the trust policy
 * of today. The workspace's policy was asked when the lock was made, so it must still be that one; those of
 * the infra, the user and the machine are asked now, of the signatures in the registry. Modes cicd and enterprise refuse what nobody can have signed.
 * @throws MANAGER_LOCK_STALE, MANAGER_LAYER_UNSIGNED, TRUST_REFUSED
 */
export async function assertDeployable(request: DeployableRequest, context: ManagerContext): Promise<void> {
  const { workspace, infra, lock, entries } = request;
  const local = request.unsigned[0];
  if (local !== undefined && MODE_RULES[workspace.mode].trustDefault === 'deny')
    throw new ProvError('MANAGER_LAYER_UNSIGNED', { ...local, mode: workspace.mode });
  const own = await workspacePolicy(workspace, { env: context.env });
  assertFits(lock, workspace, own);
  const { policy } = await workspacePolicy(workspace, { env: context.env, infra });
  if (policy.digest === own.policy.digest && !own.demanding) return;
  const { signal } = context;
  const cache = await openContentCache(contentCacheDir(context));
  try {
    await withRegistries(context, async (connections) => {
      const registries = createWorkspaceRegistries(workspace, connections);
      for (const { source, manifest, version, kind } of entries) {
        signal?.throwIfAborted();
        if (!('repository' in source)) continue;
        const repository = registries.repository(packageId(source.registry, source.repository));
        const { verdict } = await verifyContent({
          store: cachedStore(repository, cache),
          descriptor: manifest,
          repository: source.repository,
          registry: repository.registry,
          version,
          kind,
          policy,
          signal,
        });
        assertTrusted(verdict);
      }
    });
  } finally {
    await cache.close();
  }
}
