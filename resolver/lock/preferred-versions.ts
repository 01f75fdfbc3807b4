import type { Lock } from '#schemas';
import { type PackageId, packageId } from '../package-id.js';

/** What a lock chose, as preference for the next resolution; `except` leaves out what is to be updated. */
export function preferredVersions(
  lock: Lock,
  except: ReadonlySet<PackageId> = new Set(),
): Map<PackageId, string> {
  const versions = new Map<PackageId, string>();
  for (const { source, version, alias } of lock.extensions) {
    if (!('repository' in source)) continue;
    const id = packageId(source.registry, source.repository, alias);
    if (!except.has(id)) versions.set(id, version);
  }
  return versions;
}

/** Which package a lock chose for each capability. */
export function preferredProviders(lock: Lock): Map<string, PackageId> {
  return new Map(Object.entries(lock.capabilities ?? {}) as [string, PackageId][]);
}
