import { ProvError } from '#base';
import { type PackageId, type PackageMetadata, splitPackageId, type VersionFacts } from '#resolver';
import type { IndexDocument } from '#schemas';
import { parseIndex } from '../index-document/parse-index.js';
import { type Closure, keptClosures } from './ask-closure.js';
import type { MetadataCache } from './metadata-cache.js';
import { factsKey, indexKey, joined, metadataOf, type RegistrySource, tagsKey } from './registry-source.js';

export interface OfflineSourcePlace {
  /** Host of a registry id, as it was when it was asked. */
  host(registry: string): string;
  readonly cache: MetadataCache;
  readonly trustTimes?: boolean | undefined;
}

/** Metadata that earlier runs kept; it opens no connection. @throws MANAGER_OFFLINE_UNKNOWN */
export function createOfflineSource({ host, cache, trustTimes }: OfflineSourcePlace): RegistrySource {
  const closures = new Map<string, Promise<Closure>>();
  const closureOf = (at: string): Promise<Closure> => {
    const known = closures.get(at) ?? keptClosures(at, cache);
    closures.set(at, known);
    return known;
  };
  const unknown = (id: PackageId) => {
    const { registry, repository } = splitPackageId(id);
    return new ProvError('MANAGER_OFFLINE_UNKNOWN', { name: repository, registry });
  };
  return {
    closure: async () => new Map(),
    async versions(id): Promise<PackageMetadata | undefined> {
      const { registry, repository } = splitPackageId(id);
      const at = host(registry);
      const location = registry;
      const closure = await closureOf(at);
      const fromClosure = closure.packages.get(repository);
      if (fromClosure !== undefined) return metadataOf(fromClosure, location, trustTimes);
      const index = await cache.read(indexKey(at, repository));
      if (index !== undefined)
        return metadataOf(parseIndex(index.bytes, repository, location), location, trustTimes);
      const tags = await cache.read(tagsKey({ registry: at, repository }));
      if (tags !== undefined) {
        const kept = JSON.parse(Buffer.from(tags.bytes).toString()) as {
          tags: string[];
          document?: IndexDocument;
        };
        return joined(kept.document, kept.tags, location);
      }
      if (closure.missing.has(repository)) return undefined;
      throw unknown(id);
    },
    async facts(id, version): Promise<VersionFacts> {
      const { registry, repository } = splitPackageId(id);
      const kept = await cache.read(factsKey({ registry: host(registry), repository }, version));
      if (kept === undefined) throw unknown(id);
      return JSON.parse(Buffer.from(kept.bytes).toString()) as VersionFacts;
    },
  };
}
