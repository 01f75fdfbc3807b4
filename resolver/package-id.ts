/**
 * `<registryId>:<namespace>/<name>`: two registries never share a package. With `#alias` it is another
 * package with the same versions, so that two of them may be selected.
 */
export type PackageId = `${string}:${string}`;

export function packageId(registry: string, repository: string, alias?: string): PackageId {
  return alias === undefined ? `${registry}:${repository}` : `${registry}:${repository}#${alias}`;
}

/** The parts of an id. Registry ids hold no colon, so the first one divides; names hold no `#`. */
export function splitPackageId(id: PackageId): {
  registry: string;
  repository: string;
  name: string;
  alias?: string;
} {
  const colon = id.indexOf(':');
  const hash = id.indexOf('#', colon);
  const repository = id.slice(colon + 1, hash < 0 ? undefined : hash);
  return {
    registry: id.slice(0, colon),
    repository,
    name: repository.slice(repository.lastIndexOf('/') + 1),
    ...(hash >= 0 && { alias: id.slice(hash + 1) }),
  };
}

/** The id under which its metadata is looked up. */
export function withoutAlias(id: PackageId): PackageId {
  const hash = id.indexOf('#', id.indexOf(':'));
  return hash < 0 ? id : (id.slice(0, hash) as PackageId);
}
