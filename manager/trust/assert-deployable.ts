import { isProvError, ProvError } from '#base';
import { packageId } from '#resolver';
import {
  type DependencyFacts,
  dependencyFacts,
  isLocalEntry,
  isRemoteEntry,
  type Kind,
  type Lock,
  type LockEntry,
  type RemoteLockEntry,
} from '#schemas';
import type { TrustPolicy } from '#trust';
import { moduleInstallDir, type Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import { installedManifest } from '../install/installed-state.js';
import { assertSound } from '../lock/assert-sound.js';
import { verifyLocked } from '../lock/read-locked.js';
import { isVouched } from '../lock/vouched-lock.js';
import { withContents } from '../metadata/with-contents.js';
import { readLockText } from '../resolve/lock-file.js';
import { fitPlace } from '../resolve/lock-fit.js';
import { assertFits } from '../resolve/resolve-workspace.js';
import { tellUnverified } from './unverified.js';
import { unsignedDenial, workspacePolicy } from './workspace-policy.js';

export interface DeployableRequest {
  readonly workspace: Workspace;
  readonly infra: string;
  readonly lock: Lock;
  /** The locked extensions that the infra runs; their directories are what was locked. */
  readonly entries: readonly LockEntry[];
  /** Extensions of the workspace and infra layers that it runs: nobody signs those. */
  readonly unsigned: readonly { readonly kind: Kind; readonly name: string; readonly layer: string }[];
}

/**
 * Passes only when the lock fits the requirements of today, is what the contents of its extensions make of it, and
 * what it names may run under the trust policies of today: those of the workspace, the infra, the user and the
 * machine. Signatures and contents that this machine has kept are enough; a registry is asked for what is not here.
 * Directories are refused where unsigned content is.
 * @throws MANAGER_LOCK_STALE, MANAGER_LOCK_EDITED, MANAGER_LOCK_UNSOUND, MANAGER_LAYER_UNSIGNED, TRUST_REFUSED
 */
export async function assertDeployable(request: DeployableRequest, context: ManagerContext): Promise<void> {
  const { workspace, lock, entries } = request;
  assertSignable(request);
  const fit = await fitPlace(workspace, lock, context);
  assertFits(lock, fit);
  const facts = new Map<LockEntry, DependencyFacts>();
  for (const entry of entries) {
    const manifest = await installedManifest(moduleInstallDir(workspace.root, entry), context);
    facts.set(entry, dependencyFacts(manifest));
  }
  await assertSound({ workspace, lock, factsOf: (entry) => facts.get(entry) }, context);
  await assertAccepted(request, context);
}

/**
 * The part of `assertDeployable` that is about trust: what the lock names may be used under the trust policies of today,
 * and what is used unverified, because they only warn, is told.
 * @throws MANAGER_LAYER_UNSIGNED, MANAGER_LOCK_EDITED, TRUST_REFUSED
 */
export async function assertAccepted(request: DeployableRequest, context: ManagerContext): Promise<void> {
  const { workspace, infra, lock, entries } = request;
  assertSignable(request);
  const { policy, digest, demanding } = await workspacePolicy(workspace, { env: context.env, infra });
  tellUnverified(entries, policy, context);
  const asked = digest !== undefined || demanding;
  if (!asked && (await isVouched(workspace, (await readLockText(workspace.lockFile)) ?? '', context))) return;
  const samePolicy = digest === lock.policy.trustPolicy;
  const { ageSource } = lock.policy;
  const verification = { workspace, policy, samePolicy, ageSource };
  const remote = entries.filter(isRemoteEntry);
  const left = await verifyEach(remote, verification, { ...context, offline: true });
  // Where no policy asks for anything, what is not here is not looked for.
  if (left.length > 0 && asked) await verifyEach(left, { ...verification, last: true }, context);
}

/** Directories are refused where unsigned content is. */
function assertSignable({ workspace, unsigned, entries }: DeployableRequest): void {
  const local = unsigned[0] ?? directoryOf(entries);
  const why = unsignedDenial(workspace);
  if (local !== undefined && why !== undefined)
    throw new ProvError('MANAGER_LAYER_UNSIGNED', { ...local, why });
}

interface Verification {
  readonly workspace: Workspace;
  readonly policy: TrustPolicy;
  readonly samePolicy: boolean;
  readonly ageSource: Lock['policy']['ageSource'];
  /** Nothing else will be asked: what is refused is refused. */
  readonly last?: boolean;
}

/** Those that are not accepted by what can be had here. */
async function verifyEach(
  entries: readonly RemoteLockEntry[],
  { workspace, policy, samePolicy, ageSource, last = false }: Verification,
  context: ManagerContext,
): Promise<RemoteLockEntry[]> {
  return withContents({ workspace, context }, async ({ registries, contents }) => {
    const idOf = ({ source }: RemoteLockEntry) => packageId(source.registry, source.repository);
    await contents.prime(entries.map((entry) => ({ id: idOf(entry), digest: entry.manifest.digest })));
    const left: RemoteLockEntry[] = [];
    for (const entry of entries) {
      context.signal?.throwIfAborted();
      const { host } = registries.get(entry.source.registry);
      const store = contents.store(idOf(entry), entry);
      try {
        await verifyLocked(entry, { store, host, policy, samePolicy, ageSource }, context);
      } catch (error) {
        if (last || !(isProvError(error, 'TRUST_REFUSED') || isProvError(error, 'OCI_CONTENT_MISSING')))
          throw error;
        left.push(entry);
      }
    }
    return left;
  });
}

function directoryOf(entries: readonly LockEntry[]): DeployableRequest['unsigned'][number] | undefined {
  const entry = entries.find(isLocalEntry);
  return entry && { kind: entry.kind, name: entry.name, layer: 'workspace' };
}
