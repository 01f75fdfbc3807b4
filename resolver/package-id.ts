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
  /** Empty where the repository has none. */
  namespace: string;
  name: string;
  alias?: string;
} {
  const colon = id.indexOf(':');
  const hash = id.indexOf('#', colon);
  const repository = id.slice(colon + 1, hash < 0 ? undefined : hash);
  const slash = repository.lastIndexOf('/');
  return {
    registry: id.slice(0, colon),
    repository,
    namespace: repository.slice(0, Math.max(0, slash)),
    name: repository.slice(slash + 1),
    ...(hash >= 0 && { alias: id.slice(hash + 1) }),
  };
}

/** `registry:namespace`, as those who may serve capabilities are named. */
export function sourceOf(id: PackageId): string {
  const { registry, namespace } = splitPackageId(id);
  return `${registry}:${namespace}`;
}

/** The id under which its metadata is looked up. */
export function withoutAlias(id: PackageId): PackageId {
  const hash = id.indexOf('#', id.indexOf(':'));
  return hash < 0 ? id : (id.slice(0, hash) as PackageId);
}
