import { ProvError } from '#base';
import { packageId } from '#resolver';
import { isLocalEntry, isRemoteEntry, type Kind, type Lock, type LockEntry } from '#schemas';
import { assertTrusted } from '#trust';
import { MODE_RULES, type Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import { withContents } from '../metadata/with-contents.js';
import { fitPlace } from '../resolve/lock-fit.js';
import { assertFits } from '../resolve/resolve-workspace.js';
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
  const local = request.unsigned[0] ?? directoryOf(entries);
  if (local !== undefined && MODE_RULES[workspace.mode].trustDefault === 'deny')
    throw new ProvError('MANAGER_LAYER_UNSIGNED', { ...local, mode: workspace.mode });
  const fit = await fitPlace(workspace, lock, context);
  const own = fit.policy;
  assertFits(lock, fit);
  const { policy } = await workspacePolicy(workspace, { env: context.env, infra });
  if (policy.digest === own.policy.digest && !own.demanding) return;
  const { signal } = context;
  await withContents({ workspace, context }, async ({ registries, contents }) => {
    for (const entry of entries) {
      signal?.throwIfAborted();
      if (!isRemoteEntry(entry)) continue;
      const { source, manifest, version, kind } = entry;
      const { verdict } = await verifyContent({
        store: contents.store(packageId(source.registry, source.repository), entry),
        descriptor: manifest,
        repository: source.repository,
        registry: registries.get(source.registry).host,
        version,
        kind,
        policy,
        signal,
      });
      assertTrusted(verdict);
    }
  });
}

function directoryOf(entries: readonly LockEntry[]): DeployableRequest['unsigned'][number] | undefined {
  const entry = entries.find(isLocalEntry);
  return entry && { kind: entry.kind, name: entry.name, layer: 'workspace' };
}
