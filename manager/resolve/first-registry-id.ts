import { type PackageId, packageId } from '#resolver';
import type { Workspace } from '#workspace';

/** What a bare name in the settings of resolution means: the first registry, in its namespace unless it says another. */
export function firstRegistryId({ registries }: Workspace, name: string): PackageId {
  const { id, namespace } = registries[0]!;
  return packageId(id, name.includes('/') || namespace === '' ? name : `${namespace}/${name}`);
}
