/** `<registryId>:<namespace>/<name>`: two registries never share a package. */
export type PackageId = `${string}:${string}`;

export function packageId(registry: string, repository: string): PackageId {
  return `${registry}:${repository}`;
}

/** The parts of an id. Registry ids hold no colon, so the first one divides. */
export function splitPackageId(id: PackageId): { registry: string; repository: string; name: string } {
  const colon = id.indexOf(':');
  const repository = id.slice(colon + 1);
  return {
    registry: id.slice(0, colon),
    repository,
    name: repository.slice(repository.lastIndexOf('/') + 1),
  };
}
