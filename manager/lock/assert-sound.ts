import { relative } from 'node:path';
import { ProvError } from '#base';
import {
  explanationOf,
  explanationText,
  type PackageId,
  packageId,
  type SolutionFlaw,
  solveAgain,
} from '#resolver';
import { type DependencyFacts, entryLabel, isRemoteEntry, type Lock, type LockEntry } from '#schemas';
import { hostPlatform, type Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import { firstRegistryId } from '../resolve/first-registry-id.js';
import { policyOptions } from '../resolve/policy-options.js';
import { assertUnedited } from './content-flaws.js';

export interface SoundRequest {
  readonly workspace: Workspace;
  readonly lock: Lock;
  /** What the content of an entry says; undefined where it is not here, and the lock is taken at its word. */
  readonly factsOf: (entry: LockEntry) => DependencyFacts | undefined;
}

/** How a lock contradicts the content that it names: an explanation of why that cannot stand together, or flaws. */
export type Unsoundness = { readonly explanation: string } | { readonly flaws: readonly SolutionFlaw[] };

/** Holds the graph of a lock against the content that it names, as if it were solved again. */
export async function unsoundness(
  { workspace, lock, factsOf }: SoundRequest,
  context: Pick<ManagerContext, 'provVersion' | 'signal'>,
): Promise<Unsoundness> {
  const result = await solveAgain({
    ...policyOptions(workspace, context),
    prerelease: lock.policy.prerelease,
    lock,
    platform: hostPlatform(),
    location: relative(workspace.root, workspace.lockFile),
    idOf: (entry) => entryPackage(workspace, entry),
    factsOf: (entry) => {
      const deps = factsOf(entry);
      return deps && { version: entry.version, kind: entry.kind, deps };
    },
  });
  return result.ok ? result : { explanation: explanationText(explanationOf(result.failure)) };
}

/** @throws MANAGER_LOCK_UNSOUND, MANAGER_LOCK_EDITED */
export async function assertSound(
  request: SoundRequest,
  context: Pick<ManagerContext, 'provVersion' | 'signal'>,
): Promise<void> {
  const found = await unsoundness(request, context);
  if ('explanation' in found) throw new ProvError('MANAGER_LOCK_UNSOUND', { explanation: found.explanation });
  const [first] = found.flaws;
  if (first === undefined) return;
  assertUnedited(
    first.entry,
    found.flaws.filter(({ entry }) => entry === first.entry),
  );
}

/** What an entry is a version of. A directory stands for the extension of its name in the first registry. */
function entryPackage(workspace: Workspace, entry: LockEntry): PackageId {
  if (isRemoteEntry(entry)) return packageId(entry.source.registry, entry.source.repository, entry.alias);
  const id = firstRegistryId(workspace, entry.name);
  return entry.alias === undefined ? id : `${id}#${entryLabel(entry)}`;
}
