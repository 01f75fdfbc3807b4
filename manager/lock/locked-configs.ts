import { isProvError } from '#base';
import { readExtension } from '#oci';
import { packageId } from '#resolver';
import { type ConfigBlob, isRemoteEntry, type Lock, type LockEntry } from '#schemas';
import type { ManagerContext } from '../context.js';
import type { Contents } from '../metadata/contents.js';
import { missingOffline } from '../resolve/read-content.js';

/** Configs read at once. */
const CONCURRENCY = 32;

/**
 * The config of every locked extension (licence, authors, description), by entry; each digest is checked.
 * @throws MANAGER_OFFLINE_MISSING
 */
export async function lockedConfigs(
  { extensions }: Lock,
  contents: Contents,
  { provVersion, signal, offline }: ManagerContext,
): Promise<ReadonlyMap<LockEntry, ConfigBlob>> {
  const remote = extensions
    .filter(isRemoteEntry)
    .map((entry) => ({ entry, id: packageId(entry.source.registry, entry.source.repository) }));
  await contents.prime(remote.map(({ entry, id }) => ({ id, digest: entry.manifest.digest })));
  const configs = new Map<LockEntry, ConfigBlob>();
  for (let at = 0; at < remote.length; at += CONCURRENCY) {
    const read = remote.slice(at, at + CONCURRENCY).map(async ({ entry, id }) => {
      const store = contents.store(id, entry);
      try {
        configs.set(entry, (await readExtension(store, entry.manifest, { provVersion, signal })).config);
      } catch (error) {
        if (offline !== true || !isProvError(error, 'OCI_CONTENT_MISSING')) throw error;
        const { kind, name, version } = entry;
        throw missingOffline([String(error.details['digest'])], `${kind} ${name} ${version}`);
      }
    });
    await Promise.all(read);
  }
  return configs;
}
