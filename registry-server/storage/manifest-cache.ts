import type { Digest } from '#base';
import type { MetadataDb, StoredManifest } from './metadata-db.js';

/** Bytes of manifests kept in memory: about 100,000 of the usual size. */
export const MANIFEST_CACHE_BYTES = 64 * 1024 * 1024;
/** Tags kept in memory. */
export const TAG_CACHE_ENTRIES = 100_000;

/** Manifests and tags by repository, from memory when they were read before, least recently used out first. */
export interface ManifestCache {
  /** What a tag or digest stands for, or undefined. */
  find(
    repository: string,
    reference: { tag: string } | { digest: Digest },
  ): Promise<StoredManifest | undefined>;
  /** Must be called after every change of a tag is durable, before it is acknowledged. */
  forgetTag(repository: string, tag: string): void;
  forgetManifest(repository: string, digest: Digest): void;
  /** Must be called after every other change is durable: answers made of several manifests are old then. */
  noteChange(): void;
  /** Grows with every change: an answer that was made at the same count is still right. */
  changeCount(): number;
}

/** Reads through `metadata`; correct as long as all changes of this database are reported to it. */
export function createManifestCache(metadata: MetadataDb): ManifestCache {
  const manifests = new Map<string, StoredManifest>();
  const tags = new Map<string, Digest>();
  let bytes = 0;
  // A read that began before a change must not put its old answer back after it.
  let changes = 0;

  const dropManifest = (key: string) => {
    bytes -= manifests.get(key)?.bytes.byteLength ?? 0;
    manifests.delete(key);
  };
  const findDigest = async (repository: string, tag: string): Promise<Digest | undefined> => {
    const key = `${repository}:${tag}`;
    const known = recent(tags, key);
    if (known !== undefined) return known;
    const before = changes;
    const digest = await metadata.findTag(repository, tag);
    if (digest === undefined || changes !== before) return digest;
    tags.set(key, digest);
    if (tags.size > TAG_CACHE_ENTRIES) tags.delete(oldest(tags));
    return digest;
  };
  return {
    async find(repository, reference) {
      const digest = 'digest' in reference ? reference.digest : await findDigest(repository, reference.tag);
      if (digest === undefined) return undefined;
      const key = `${repository}@${digest}`;
      const known = recent(manifests, key);
      if (known !== undefined) return known;
      const before = changes;
      const manifest = await metadata.findManifest(repository, digest);
      if (manifest === undefined || changes !== before) return manifest;
      dropManifest(key);
      manifests.set(key, manifest);
      bytes += manifest.bytes.byteLength;
      while (bytes > MANIFEST_CACHE_BYTES) dropManifest(oldest(manifests));
      return manifest;
    },
    forgetTag(repository, tag) {
      changes += 1;
      tags.delete(`${repository}:${tag}`);
    },
    forgetManifest(repository, digest) {
      changes += 1;
      dropManifest(`${repository}@${digest}`);
    },
    noteChange() {
      changes += 1;
    },
    changeCount: () => changes,
  };
}

/** Reads `key` and makes it the most recently used. */
function recent<T>(map: Map<string, T>, key: string): T | undefined {
  const value = map.get(key);
  if (value === undefined) return undefined;
  map.delete(key);
  map.set(key, value);
  return value;
}

function oldest(map: Map<string, unknown>): string {
  return map.keys().next().value!;
}
