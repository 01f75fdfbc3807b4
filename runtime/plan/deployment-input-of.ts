import type { Lock } from '#schemas';
import type { Infra, Module, Workspace } from '#workspace';
import type { DeploymentInput, DeploymentModule } from './deployment-input.js';

/** What a workspace has loaded, as the plain data that planning takes. */
export function deploymentInputOf(parts: {
  readonly workspace: Pick<Workspace, 'name' | 'root'>;
  readonly infra: Pick<Infra, 'name' | 'settings'>;
  readonly modules: readonly Module[];
  readonly lock?: Pick<Lock, 'capabilities'> | undefined;
}): DeploymentInput {
  const { workspace, infra, modules, lock } = parts;
  const { provider, servers } = infra.settings;
  return {
    workspace: { name: workspace.name, root: workspace.root },
    infra: {
      name: infra.name,
      servers: servers.map((server) => ({ ...server, provider: server.provider ?? provider })),
    },
    modules: modules.map(deploymentModule),
    ...(lock?.capabilities === undefined ? {} : { capabilities: lock.capabilities }),
  };
}

function deploymentModule(module: Module): DeploymentModule {
  const { kind, name, version, dir, digest, manifest, config, placements, assets } = module;
  return {
    kind,
    name,
    version,
    dir,
    digest,
    manifest,
    config: config.values,
    configOn: Object.fromEntries(placements.map((each) => [each.server, each.config.values])),
    assets: Object.fromEntries(
      assets.map(({ name: asset, path, sha256, size }) => [asset, { path, sha256, size }]),
    ),
  };
}
