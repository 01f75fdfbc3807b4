import { isProvError, ProvError } from '#base';
import { readExtension } from '#oci';
import { isTag, type RemoteReference, tagToVersion } from '#schemas';
import { openLocation } from '../access/location.js';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { isBookkeepingTag } from '../index-document/join-index.js';
import { removeTag } from './remove-tag.js';

export interface SetTagsResult {
  readonly repository: string;
  readonly digest: string;
  /** Tags that were elsewhere or nowhere before. */
  readonly set: readonly string[];
  readonly unchanged: readonly string[];
}

/**
 * Points further tags at what a reference leads to. Channels move; the tag of a version is set only for that version,
 * and never moves.
 * @throws OCI_TAG_CONFLICT, MANAGER_CONTENT_MISNAMED, SCHEMAS_NAME_INVALID
 */
export async function setTags(
  { reference, tags }: { readonly reference: RemoteReference; readonly tags: readonly string[] },
  context: ManagerContext,
): Promise<SetTagsResult> {
  const { signal, provVersion } = context;
  for (const tag of tags) assertOwnTag(tag);
  return withRegistries(context, async (registries) => {
    const { target } = await openLocation(reference, registries, { signal: context.signal });
    const store = registries.open(reference.registry).repository(reference.repository);
    const { descriptor, bytes } = await store.fetchManifest(target, { signal });
    const versions = tags.filter((tag) => tagToVersion(tag) !== undefined);
    if (versions.length > 0) {
      const version = await versionOf();
      const wrong = versions.find((tag) => version !== undefined && tagToVersion(tag) !== version);
      if (wrong !== undefined)
        throw new ProvError('MANAGER_CONTENT_MISNAMED', {
          reference: `${store.label}:${wrong}`,
          reason: `it would be version ${version} under the tag of ${tagToVersion(wrong)}`,
        });
    }
    const [set, unchanged]: [string[], string[]] = [[], []];
    for (const tag of new Set(tags)) {
      const before = await store.readTag(tag, { signal });
      if (before?.descriptor.digest === descriptor.digest) unchanged.push(tag);
      else set.push(tag);
    }
    if (set.length > 0) await store.pushManifest(bytes, descriptor.mediaType, { tags: set, signal });
    return { repository: store.label, digest: descriptor.digest, set, unchanged };

    /** Undefined for what is no extension. */
    async function versionOf(): Promise<string | undefined> {
      try {
        return (await readExtension(store, descriptor, { provVersion, signal })).config.version;
      } catch (error) {
        if (isProvError(error, 'OCI_ARTIFACT_NOT_EXTENSION')) return undefined;
        throw error;
      }
    }
  });
}

export interface RemoveTagsResult {
  readonly repository: string;
  readonly removed: readonly string[];
  readonly absent: readonly string[];
}

/** Takes channels away; what they led to stays. Versions are deleted, not untagged. @throws SCHEMAS_NAME_INVALID, MANAGER_TAG_CONTESTED */
export async function removeTags(
  { reference, tags }: { readonly reference: RemoteReference; readonly tags: readonly string[] },
  context: ManagerContext,
): Promise<RemoveTagsResult> {
  for (const tag of tags) {
    assertOwnTag(tag);
    if (tagToVersion(tag) !== undefined)
      throw new ProvError('SCHEMAS_NAME_INVALID', {
        value: tag,
        what: 'channel tag',
        suggestion: 'Versions are hidden with prov ext yank and removed with prov ext delete.',
      });
  }
  return withRegistries(context, async (registries) => {
    const store = registries.open(reference.registry).repository(reference.repository);
    const [removed, absent]: [string[], string[]] = [[], []];
    for (const tag of new Set(tags))
      ((await removeTag(store, tag, { signal: context.signal })) ? removed : absent).push(tag);
    return { repository: store.label, removed, absent };
  });
}

/** Before anybody is asked. @throws SCHEMAS_NAME_INVALID */
function assertOwnTag(tag: string): void {
  if (!isTag(tag))
    throw new ProvError('SCHEMAS_NAME_INVALID', {
      value: tag,
      what: 'tag',
      suggestion:
        'Write up to 128 letters, digits, ".", "_" and "-", beginning with a letter, a digit or "_".',
    });
  if (!isBookkeepingTag(tag)) return;
  throw new ProvError('SCHEMAS_NAME_INVALID', {
    value: tag,
    what: 'tag',
    suggestion: 'Tools keep tags of this form for themselves.',
  });
}
