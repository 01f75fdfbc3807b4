import { compareVersions, type IndexDocument, type IndexEntry, tagToVersion } from '#schemas';

/** An index compared with the tags of its repository. */
export interface JoinedIndex {
  /** Entries whose tag exists, newest version first. */
  readonly entries: readonly IndexEntry[];
  /** Versions with a tag that the index lacks: their manifests have to be read. Newest first. */
  readonly unlisted: readonly string[];
  /** Versions of the index that have no tag any more. */
  readonly dropped: readonly string[];
  /** Tags that are no versions, without those that tools keep for themselves. */
  readonly otherTags: readonly string[];
}

/** Tags have the last word on what exists; the index only saves requests. */
export function joinIndex(document: IndexDocument | undefined, tags: readonly string[]): JoinedIndex {
  const versions = new Set(tags.flatMap((tag) => tagToVersion(tag) ?? []));
  const all = document?.entries ?? [];
  const entries = all.filter(({ version }) => versions.has(version));
  const listed = new Set(entries.map(({ version }) => version));
  const newestFirst = (a: string, b: string) => compareVersions(b, a);
  return {
    entries: [...entries].sort((a, b) => newestFirst(a.version, b.version)),
    unlisted: [...versions].filter((version) => !listed.has(version)).sort(newestFirst),
    dropped: all.map(({ version }) => version).filter((version) => !versions.has(version)),
    otherTags: tags.filter((tag) => tagToVersion(tag) === undefined && !isBookkeepingTag(tag)),
  };
}

/** Tags that tools keep for themselves: `_index`, `sha256-<hex>` and what hangs on it. */
export function isBookkeepingTag(tag: string): boolean {
  return tag.startsWith('_') || /^sha(?:256|512)-[0-9a-f]{64}/.test(tag);
}
