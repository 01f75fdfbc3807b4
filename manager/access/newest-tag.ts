import { ProvError } from '#base';
import type { ReadStore } from '#oci';
import { compareVersions, satisfies, tagToVersion, versionToTag } from '#schemas';

/** The tag of the newest version in `range`, releases before pre-releases. @throws OCI_REFERENCE_NOT_FOUND */
export async function newestTag(store: ReadStore, range: string, reference: string): Promise<string> {
  const versions = (await store.list()).flatMap((tag) => tagToVersion(tag) ?? []).sort(compareVersions);
  const newest = versions.findLast((version) => satisfies(version, range));
  if (newest === undefined) {
    throw new ProvError('OCI_REFERENCE_NOT_FOUND', {
      reference,
      where: store.label,
      ...(versions.length === 0 ? {} : { hint: `Of the versions there, ${versions.at(-1)} is the newest.` }),
    });
  }
  return versionToTag(newest);
}
