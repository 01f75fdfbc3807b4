import type { Digest } from '#base';
import { type ContentCache, cachedStore, type ReadStore } from '#oci';
import { type PackageId, splitPackageId } from '#resolver';
import type { LockEntry } from '#schemas';
import type { ManagerContext } from '../context.js';
import type { WorkspaceRegistries } from '../resolve/workspace-registries.js';
import { askContents, ContentPack, keptContents } from './ask-contents.js';
import { offlineStore, packedStore } from './known-store.js';
import type { MetadataCache } from './metadata-cache.js';

/** Where the content of chosen versions is read from: in one request where a registry can, else one by one. */
export interface Contents {
  /** Gets what a lock needs of these manifests, all at once where that works. */
  prime(wanted: readonly { readonly id: PackageId; readonly digest: Digest }[]): Promise<void>;
  /** Whether the registry itself vouched for this manifest when it was primed. */
  holds(id: PackageId, digest: Digest): boolean;
  /** Content of a package; `entry` says what the lock knows of it. */
  store(id: PackageId, entry?: LockEntry): ReadStore;
}

export interface ContentsPlace {
  readonly registries: WorkspaceRegistries;
  readonly metadata: MetadataCache;
  readonly content: ContentCache;
}

/** Content from registries, or offline from what was kept. Everything fetched is kept for the next time. */
export function createContents(
  { registries, metadata, content }: ContentsPlace,
  { offline, signal }: ManagerContext,
): Contents {
  const packs = new Map<string, ContentPack>();
  const packOf = (registry: string): ContentPack => {
    const pack = packs.get(registry) ?? new ContentPack();
    packs.set(registry, pack);
    return pack;
  };
  return {
    async prime(wanted) {
      const byRegistry = new Map<string, { repository: string; digest: Digest }[]>();
      for (const { id, digest } of wanted) {
        const { registry, repository } = splitPackageId(id);
        const items = byRegistry.get(registry) ?? [];
        items.push({ repository, digest });
        byRegistry.set(registry, items);
      }
      await Promise.all(
        [...byRegistry].map(async ([registry, asked]) => {
          const pack = packOf(registry);
          if (offline) return keptContents(registries.get(registry).host, { pack, cache: metadata });
          return askContents(registries.registry(registry), asked, { pack, cache: metadata, signal });
        }),
      );
    },
    holds(id, digest) {
      const { registry, repository } = splitPackageId(id);
      return packOf(registry).item(repository, digest) !== undefined;
    },
    store(id, entry) {
      const { registry, repository } = splitPackageId(id);
      const label = `${registries.get(registry).host}/${repository}`;
      const base = offline
        ? offlineStore({ cache: content, label, entry })
        : cachedStore(registries.repository(id), content);
      return packedStore(base, repository, packOf(registry));
    },
  };
}
