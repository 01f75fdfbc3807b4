import { isReferrersTag, parseSideTag } from '#oci';
import { compareVersions, satisfies, tagToVersion } from '#schemas';
import { INDEX_TAG } from '../index-document/index-artifact.js';
import { globMatcher } from '../inspect/glob.js';

/** Which tags of a repository are meant. */
export interface TagSelection {
  /** Only versions in this range. */
  readonly range?: string | undefined;
  /** Not these; `*` stands for anything. */
  readonly deny?: readonly string[] | undefined;
  /** Only so many, the newest versions. */
  readonly newest?: number | undefined;
}

/**
 * The tags that a selection means: versions oldest first, then other tags, which a range or a number leaves
 * out. Tags that only carry what is attached to others are never among them.
 */
export function selectTags(tags: readonly string[], selection: TagSelection): readonly string[] {
  const { range, deny = [], newest } = selection;
  const denied = deny.map(globMatcher);
  const wanted = tags.filter(
    (tag) =>
      !isReferrersTag(tag) &&
      parseSideTag(tag) === undefined &&
      tag !== INDEX_TAG &&
      !denied.some((matches) => matches(tag)),
  );
  const versions = wanted
    .flatMap((tag) => {
      const version = tagToVersion(tag);
      const wantedVersion = version !== undefined && (range === undefined || satisfies(version, range));
      return wantedVersion ? [{ tag, version }] : [];
    })
    .sort((a, b) => compareVersions(a.version, b.version))
    .map(({ tag }) => tag);
  if (newest !== undefined) return newest === 0 ? [] : versions.slice(-newest);
  if (range !== undefined) return versions;
  return [...versions, ...wanted.filter((tag) => tagToVersion(tag) === undefined).sort()];
}
