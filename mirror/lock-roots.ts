import { type Digest, ProvError } from '#base';
import {
  type Descriptor,
  isRemoteEntry,
  type LocalLockEntry,
  type Lock,
  type LockEntry,
  type RemoteLockEntry,
  versionToTag,
} from '#schemas';

/** An extension of the lock as content: where it is, and under which tag it is known. */
export interface LockRoot {
  readonly entry: RemoteLockEntry;
  /** Id of the registry in the lock. */
  readonly registry: string;
  /** `namespace/name`. */
  readonly repository: string;
  readonly tag: string;
  readonly descriptor: Descriptor;
}

/**
 * The roots of a lock's closure, sorted by repository, tag and registry.
 * @throws MIRROR_SOURCE_LOCAL; MIRROR_LOCK_AMBIGUOUS when two registries give one name to different content.
 */
export function lockRoots(lock: Lock): readonly LockRoot[] {
  const roots = lock.extensions.map(toRoot).toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  for (const [index, root] of roots.entries()) {
    const next = roots[index + 1];
    if (next === undefined || reference(next) !== reference(root)) continue;
    const { digest } = root.descriptor;
    if (next.descriptor.digest !== digest) {
      throw new ProvError('MIRROR_LOCK_AMBIGUOUS', {
        reference: reference(root),
        digest,
        other: next.descriptor.digest,
      });
    }
  }
  return roots;
}

/** The roots of each repository of each registry, in order. */
export function groupRoots(roots: readonly LockRoot[]): readonly (readonly LockRoot[])[] {
  const groups = new Map<string, LockRoot[]>();
  for (const root of roots) {
    const key = `${root.repository}\n${root.registry}`;
    groups.set(key, [...(groups.get(key) ?? []), root]);
  }
  return [...groups.values()];
}

/** What the lock names as proof has to travel along: dropping it would be noticed only on the far side. */
export function assertProof({ entry }: LockRoot, carried: ReadonlySet<Digest>, where: string): void {
  const { bundles = [], legacy } = entry.signatures ?? {};
  const digest = [...bundles, ...(legacy === undefined ? [] : [legacy])].find((each) => !carried.has(each));
  if (digest !== undefined)
    throw new ProvError('MIRROR_PROOF_MISSING', { extension: extensionLabel(entry), digest, where });
}

/** `kind name version`, as messages name it. */
function extensionLabel({ kind, name, version }: LockEntry): string {
  return `${kind} ${name} ${version}`;
}

function toRoot(entry: LockEntry): LockRoot {
  if (!isRemoteEntry(entry)) {
    const { path } = (entry as LocalLockEntry).source;
    throw new ProvError('MIRROR_SOURCE_LOCAL', { extension: extensionLabel(entry), path });
  }
  const { registry, repository } = entry.source;
  return { entry, registry, repository, tag: versionToTag(entry.version), descriptor: entry.manifest };
}

function reference({ repository, tag }: LockRoot): string {
  return `${repository}:${tag}`;
}

function sortKey(root: LockRoot): string {
  return `${reference(root)}\n${root.registry}`;
}
