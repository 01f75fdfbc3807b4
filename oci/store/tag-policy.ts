import { ProvError } from '#base';
import { type Descriptor, tagToVersion } from '#schemas';

/** Whether a tag, once set, may not be moved. */
export type TagPolicy = (tag: string) => boolean;

/** Tags that are semantic versions are immutable; `latest`, channels and side tags may move. */
export const versionTagsAreImmutable: TagPolicy = (tag) => tagToVersion(tag) !== undefined;

/** @throws OCI_TAG_CONFLICT when `tag` is immutable and points elsewhere. */
export function assertTagFree(
  tag: string,
  existing: Descriptor | undefined,
  descriptor: Descriptor,
  check: { policy: TagPolicy; where: string },
): void {
  if (existing === undefined || existing.digest === descriptor.digest || !check.policy(tag)) return;
  throw new ProvError('OCI_TAG_CONFLICT', {
    tag,
    where: check.where,
    existing: existing.digest,
    digest: descriptor.digest,
  });
}
