import type { ClosureRoot, PackageId, PackageMetadata } from '#resolver';
import { dependencyTarget } from '#resolver';
import type { LocalPackages } from '../resolve/local-packages.js';
import type { RegistrySource } from './registry-source.js';

/** A source in which directories of the workspace stand in the place of what registries have of the same name. */
export function withLocalPackages(source: RegistrySource, packages: LocalPackages): RegistrySource {
  if (packages.size === 0) return source;
  const local = new Map<PackageId, PackageMetadata>(
    [...packages.values()].map(({ id, path, facts }) => [id, { versions: [facts], location: path }]),
  );
  return {
    ...source,
    async closure(roots, options) {
      const found = await source.closure(roots.flatMap(rootsOf), options);
      return new Map([...found, ...local]);
    },
    async versions(id, options) {
      return local.get(id) ?? source.versions(id, options);
    },
  };

  /** What a directory needs is known here; a registry is asked about that. */
  function rootsOf(root: ClosureRoot): ClosureRoot[] {
    const here = packages.get(root.id);
    if (here === undefined) return [root];
    const { dependencies, optional_dependencies: optional } = here.facts.deps;
    return Object.entries({ ...optional, ...dependencies })
      .map(([name, written]) => ({ id: dependencyTarget(root.id, name, written) }))
      .filter(({ id }) => !packages.has(id));
  }
}
