import { ProvError } from '#base';
import type { RemoteRegistry, RemoteRepository } from '#oci';
import { type PackageId, splitPackageId } from '#resolver';
import type { Workspace, WorkspaceRegistry } from '#workspace';
import type { Registries } from '../access/registries.js';
import type { LocalPackages } from './local-packages.js';

/** The registries of a workspace by id: the lock names ids, this knows where they are now. */
export interface WorkspaceRegistries {
  /** @throws MANAGER_REGISTRY_UNKNOWN */
  get(id: string): WorkspaceRegistry;
  registry(id: string): RemoteRegistry;
  /** Directories that the workspace requires: they stand in the place of what a registry has. */
  readonly local: LocalPackages;
  repository(id: PackageId): RemoteRepository;
  /** What the registry lists as its repositories. @throws what it answers where it lists none */
  names(id: string, signal: AbortSignal): Promise<readonly string[]>;
}

export function createWorkspaceRegistries(
  workspace: Workspace,
  connections: Registries,
  local: LocalPackages = new Map(),
): WorkspaceRegistries {
  const get = (id: string): WorkspaceRegistry => {
    const found = workspace.registries.find((registry) => registry.id === id);
    if (found === undefined)
      throw new ProvError('MANAGER_REGISTRY_UNKNOWN', {
        id,
        known: workspace.registries.map((each) => each.id),
      });
    return found;
  };
  const registry = (id: string): RemoteRegistry => {
    const { host, url } = get(id);
    return connections.open(host, { plainHttp: url.startsWith('http:') });
  };
  return {
    get,
    registry,
    local,
    names: (id, signal) => registry(id).catalog({ signal }),
    repository(id) {
      const { registry: at, repository } = splitPackageId(id);
      const { host, url } = get(at);
      return connections.reader(host, repository, { plainHttp: url.startsWith('http:') });
    },
  };
}
