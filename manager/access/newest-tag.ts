import { ProvError } from '#base';
import type { ReadStore } from '#oci';
import { compareVersions, satisfies, tagToVersion, versionToTag } from '#schemas';

/** The tag of the newest version in `range`, releases before pre-releases. @throws OCI_REFERENCE_NOT_FOUND */
export async function newestTag(store: ReadStore, range: string, reference: string): Promise<string> {
  const versions = (await store.list())
    .flatMap((tag) => tagToVersion(tag) ?? [])
    .filter((version) => satisfies(version, range));
  const newest = versions.sort(compareVersions).at(-1);
  if (newest === undefined) throw new ProvError('OCI_REFERENCE_NOT_FOUND', { reference, where: store.label });
  return versionToTag(newest);
}
