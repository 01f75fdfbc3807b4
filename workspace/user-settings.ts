import { join } from 'node:path';
import { provHome } from '#base';
import { readTomlLayer } from './config-file.js';
import { type OpenOptions, SYSTEM_CONFIG_DIR } from './config-layers.js';
import { type ConfigBranch, emptyBranch, lookup, toValue } from './config-node.js';
import { flagLayer, variableLayer } from './config-overrides.js';
import { interpolate } from './interpolate.js';
import { mergeAll } from './merge-config.js';
import { builtInLayer } from './modes.js';
import { readRegistries, type WorkspaceRegistry } from './registries.js';

/** The default registry of the configuration outside of any workspace. @throws as `readUserSettings`, WORKSPACE_REGISTRY_INVALID */
export async function readUserRegistry(options: OpenOptions = {}): Promise<WorkspaceRegistry> {
  return readRegistries(await readUserSettings(options))[0]!;
}

/**
 * The configuration outside of any workspace: built-in, system, user, variables and flags.
 * @throws SCHEMAS_*, WORKSPACE_* with file, line and column for what is wrong in a file.
 */
export async function readUserSettings(options: OpenOptions = {}): Promise<ConfigBranch> {
  const env = options.env ?? process.env;
  const { signal } = options;
  const file = (directory: string) => join(directory, 'config.toml');
  const system = await readTomlLayer(file(options.systemConfigDir ?? SYSTEM_CONFIG_DIR), {
    layer: 'system',
    signal,
  });
  const user = await readTomlLayer(file(options.homeDir ?? provHome(env)), { layer: 'user', signal });
  const files = [system, user].filter((layer) => layer !== undefined);
  const sketch = mergeAll(emptyBranch('built-in'), ...files);
  const above = [variableLayer(env, sketch), flagLayer(options.flags ?? {})];
  const merged = mergeAll(builtInLayer([]), ...files, ...above);
  const environmentAllow = toValue(lookup(merged, ['security', 'environment_allow'])!) as readonly string[];
  return interpolate(merged, {
    env: Object.fromEntries(environmentAllow.map((name) => [name, env[name]])),
    environmentAllow,
    paths: {},
    workspaceName: '',
    date: new Date().toISOString().slice(0, 10),
    gitBranch: undefined,
  });
}
