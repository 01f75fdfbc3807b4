import type { ConfigBranch } from './config-node.js';
import type { Infra } from './load-infra.js';
import { mergeAll } from './merge-config.js';
import type { Module, ModulePlacement } from './module.js';
import {
  configuredLayers,
  type ModuleConfigLayers,
  overlay,
  readDefaults,
  toModuleConfig,
} from './module-config.js';
import type { FoundModule } from './module-directories.js';
import type { Placement } from './module-roots.js';
import { interpolatePart, type Workspace } from './open-workspace.js';
import { compileConfigCheck } from './validate-module-config.js';

/** A module and what decides its settings. */
export interface ModuleContext extends FoundModule {
  readonly workspace: Workspace;
  readonly infra: Infra;
  /** Whether settings are checked also when no server has the module. */
  readonly checkUnplaced: boolean;
}

/**
 * Merges and checks the settings of a module: once without what single servers say, once for each server.
 * @throws WORKSPACE_MODULE_CONFIG_INVALID, WORKSPACE_MODULE_SCHEMA_INVALID, SCHEMAS_*
 */
export async function configureModule(
  context: ModuleContext,
  placements: readonly Placement[],
  signal?: AbortSignal,
): Promise<Pick<Module, 'config' | 'placements'>> {
  const { candidate, manifest, workspace, infra } = context;
  const layers: ModuleConfigLayers = {
    defaults: await readDefaults(candidate.dir, manifest, signal),
    ...configuredLayers(workspace, infra, candidate),
  };
  const check = await compileConfigCheck(candidate.dir, manifest, signal);
  const base = mergeAll(layers.defaults, layers.configured, layers.top);
  const placed = placements.map((placement): ModulePlacement => {
    const settings = settingsOn(placement, layers, context);
    check(settings);
    return {
      server: placement.server,
      ...(placement.cluster === undefined ? {} : { cluster: placement.cluster.name }),
      config: toModuleConfig(settings),
    };
  });
  if (placed.length === 0 && context.checkUnplaced) check(base);
  return { config: toModuleConfig(base), placements: placed };
}

/** Defaults < what the cluster says < workspace and infra < what the server says < variables and flags. */
function settingsOn(
  placement: Placement,
  layers: ModuleConfigLayers,
  { workspace, infra }: ModuleContext,
): ConfigBranch {
  const { cluster } = placement;
  const component = overlay(cluster?.config, () => ({ layer: 'component', file: cluster?.file ?? '' }));
  const server = overlay(placement.config, (keys) => ({
    ...infra.originOf([...placement.path, 'config', ...keys]),
    layer: 'placement',
  }));
  return mergeAll(
    layers.defaults,
    component,
    layers.configured,
    interpolatePart(server, infra.config, workspace.interpolation),
    layers.top,
  );
}
