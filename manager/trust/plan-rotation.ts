import { ProvError } from '#base';
import { packageId } from '#resolver';
import { isRemoteEntry } from '#schemas';
import { type TrustPolicy, withoutKey } from '#trust';
import type { Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import { withContents } from '../metadata/with-contents.js';
import { requireLock } from '../resolve/lock-file.js';
import { verifyContent } from './verify-content.js';
import { workspacePolicy } from './workspace-policy.js';

export interface RotationStep {
  readonly kind: string;
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  /** `keeps`: other signatures are enough. `fails`: it must be signed anew. `failed-before`: with the key too. */
  readonly outcome: 'keeps' | 'fails' | 'failed-before';
  readonly explanation: string;
}

export interface RotationPlan {
  readonly key: string;
  readonly keyId: string;
  readonly steps: readonly RotationStep[];
}

/**
 * What of a lock would no longer be accepted if a key counted for nothing, by its name or id in the policies. Every
 * signature is read and verified; nothing is written.
 * @throws MANAGER_LOCK_MISSING, TRUST_KEY_INVALID when no policy knows the key
 */
export async function planRotation(
  { workspace, key }: { readonly workspace: Workspace; readonly key: string },
  context: ManagerContext,
): Promise<RotationPlan> {
  const { signal } = context;
  const lock = await requireLock(workspace.lockFile);
  const { policy } = await workspacePolicy(workspace, { env: context.env });
  const keyId = keyIdOf(policy, key);
  const without = withoutKey(policy, keyId);
  const steps: RotationStep[] = [];
  await withContents({ workspace, context }, async ({ registries, contents }) => {
    for (const entry of lock.extensions.filter(isRemoteEntry)) {
      signal?.throwIfAborted();
      const { source, manifest, version, kind, name } = entry;
      const asked = {
        store: contents.store(packageId(source.registry, source.repository), entry),
        descriptor: manifest,
        repository: source.repository,
        registry: registries.get(source.registry).host,
        version,
        kind,
        signal,
      };
      const { verdict: now } = await verifyContent({ ...asked, policy });
      const { verdict: then } = now.verified
        ? await verifyContent({ ...asked, policy: without })
        : { verdict: now };
      const outcome = !now.verified ? 'failed-before' : then.verified ? 'keeps' : 'fails';
      steps.push({ kind, name, version, digest: manifest.digest, outcome, explanation: then.explanation });
    }
  });
  return { key, keyId, steps };
}

function keyIdOf(policy: TrustPolicy, key: string): string {
  for (const { keys } of policy.layers)
    for (const [id, { name }] of keys) if (name === key || id === key) return id;
  throw new ProvError('TRUST_KEY_INVALID', {
    what: `key "${key}"`,
    reason: 'no policy of this workspace, user or machine has it',
  });
}
