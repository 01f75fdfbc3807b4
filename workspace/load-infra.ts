import { join } from 'node:path';
import { ProvError } from '#base';
import { checkYaml, type InfraSettings, infraSettingsSchema, parseYaml, suggestKey } from '#schemas';
import { readTomlLayer } from './config-file.js';
import { mergeLayers } from './config-layers.js';
import type { ConfigBranch, ConfigOrigin } from './config-node.js';
import { interpolatePart, type Workspace } from './open-workspace.js';
import { readText } from './read-text.js';
import { readRegistries, type WorkspaceRegistry } from './registries.js';
import { type Requirement, readRequirements } from './requirements.js';

/** One infrastructure of a workspace: which servers there are, what runs on them, and its configuration. */
export interface Infra {
  readonly name: string;
  /** `workspace:infra`. */
  readonly address: string;
  /** Absolute path of `infra/NAME`. */
  readonly dir: string;
  readonly settings: InfraSettings;
  /** Place of a part of `settings.yaml`, by its keys. */
  readonly originOf: (path: readonly (string | number)[]) => ConfigOrigin;
  /** All layers, this infra's `config.toml` included. */
  readonly config: ConfigBranch;
  readonly registries: readonly WorkspaceRegistry[];
  /** What this infra's `config.toml` asks for on top of the workspace. */
  readonly requirements: readonly Requirement[];
}

/**
 * Loads an infra by name or by `workspace:infra`.
 * @throws WORKSPACE_INFRA_NOT_FOUND, WORKSPACE_ADDRESS_OTHER; SCHEMAS_* with line and column.
 */
export async function loadInfra(
  workspace: Workspace,
  nameOrAddress: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Infra> {
  const name = infraName(workspace, nameOrAddress);
  const dir = join(workspace.root, 'infra', name);
  const path = join(dir, 'settings.yaml');
  const file = parseYaml(await readText(path, options.signal), path);
  const { value: settings } = checkYaml<InfraSettings>(file, infraSettingsSchema);
  const layer = await readTomlLayer(join(dir, 'config.toml'), { layer: 'infra', signal: options.signal });
  const merged = mergeLayers(workspace.layers, layer);
  const config = interpolatePart(merged, merged, workspace.interpolation);
  const registries = readRegistries(config);
  const alone = layer === undefined ? undefined : interpolatePart(layer, config, workspace.interpolation);
  const own = alone === undefined ? [] : readRequirements(alone, registries).requirements;
  return {
    name,
    address: `${workspace.name}:${name}`,
    dir,
    settings,
    originOf: (keys) => ({ layer: 'infra', file: path, ...file.position(keys) }),
    config,
    registries: readRequirements(config, registries).registries,
    requirements: own,
  };
}

function infraName(workspace: Workspace, nameOrAddress: string): string {
  const colon = nameOrAddress.indexOf(':');
  const wanted = colon < 0 ? workspace.name : nameOrAddress.slice(0, colon);
  if (wanted !== workspace.name)
    throw new ProvError('WORKSPACE_ADDRESS_OTHER', {
      address: nameOrAddress,
      wanted,
      workspace: workspace.name,
    });
  const name = nameOrAddress.slice(colon + 1);
  if (workspace.infras.includes(name)) return name;
  const suggestion =
    workspace.infras.length === 0
      ? 'Write infra/NAME/settings.yaml.'
      : suggestKey(name, workspace.infras)
          .replace('Known keys here', 'There are')
          .replace(' Own keys start with x-.', '');
  throw new ProvError('WORKSPACE_INFRA_NOT_FOUND', { name, workspace: workspace.name, suggestion });
}
