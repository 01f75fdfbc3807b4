import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ProvError, provHome } from '#base';
import { suggestKey } from '#schemas';
import { readProvisioningText, readTomlLayer } from './config-file.js';
import { type ConfigBranch, type ConfigLayer, emptyBranch, lookup } from './config-node.js';
import { flagLayer, variableLayer } from './config-overrides.js';
import { PROVISIONING_FILE } from './find-workspace.js';
import { guardSecurity } from './guard-security.js';
import { mergeAll, mergeConfig } from './merge-config.js';
import { builtInLayer, normaliseMode } from './modes.js';
import { readText } from './read-text.js';

export const SYSTEM_CONFIG_DIR = '/etc/provisioning';

export interface OpenOptions {
  /** Environment variables. Default: those of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Settings given as flags: dotted key → text or plain value. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** Default `/etc/provisioning`. */
  readonly systemConfigDir?: string;
  /** Home of prov (`~/.provisioning`), where the user's `config.toml` is. */
  readonly homeDir?: string;
  /** What `config/provisioning.yaml` is to say instead of what it says; to try an edit before it is made. */
  readonly provisioningText?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The layers of a workspace, read and checked, lowest first, with the place where an infra's layer goes. */
export interface ConfigLayers {
  /** Built-in up to the environment's file. */
  readonly below: readonly ConfigBranch[];
  /** Variables and flags. */
  readonly above: readonly ConfigBranch[];
  readonly environment: string | undefined;
  readonly warnings: readonly string[];
}

/** Reads every file of the configuration but those of infras. @throws what the readers throw. */
export async function readLayers(root: string, options: OpenOptions): Promise<ConfigLayers> {
  const env = options.env ?? process.env;
  const { signal } = options;
  const home = options.homeDir ?? provHome(env);
  const file = join(root, PROVISIONING_FILE);
  const toml = (path: string, layer: ConfigLayer) => readTomlLayer(path, { layer, signal });
  const system = await toml(join(options.systemConfigDir ?? SYSTEM_CONFIG_DIR, 'config.toml'), 'system');
  const user = await toml(join(home, 'config.toml'), 'user');
  const main = readProvisioningText(options.provisioningText ?? (await readText(file, signal)), file);
  const providers = await readDirectoryLayers(join(root, 'config', 'providers'), 'provider', signal);
  const platform = await readDirectoryLayers(join(root, 'config', 'platform'), 'platform', signal);
  const files = [...present(system, user), main, ...providers, ...platform];
  const sketch = mergeAll(emptyBranch('built-in'), ...files);
  const above = [variableLayer(env, sketch), flagLayer(options.flags ?? {})];
  const { environment, layer, warnings } = await readEnvironment(root, mergeAll(sketch, ...above), signal);
  const modes = [...files, ...present(layer), ...above].flatMap(
    (each) => normaliseMode(textAt(each, 'mode')) ?? [],
  );
  const below = [builtInLayer(modes), ...files, ...present(layer)];
  below.reduce((merged, each) => {
    if (isWorkspaceLayer(each)) guardSecurity(merged, each);
    return mergeConfig(merged, each);
  });
  return { below, above, environment, warnings };
}

/** The whole configuration in order, with an infra's layer in its place when there is one. */
export function mergeLayers(layers: ConfigLayers, infra?: ConfigBranch): ConfigBranch {
  const [first, ...rest] = layers.below;
  const low = mergeAll(first!, ...rest);
  if (infra !== undefined) guardSecurity(low, infra);
  return mergeAll(low, ...present(infra), ...layers.above);
}

function isWorkspaceLayer(branch: ConfigBranch): boolean {
  return !['built-in', 'system', 'user'].includes(branch.origin.layer);
}

function present(...layers: readonly (ConfigBranch | undefined)[]): ConfigBranch[] {
  return layers.filter((layer) => layer !== undefined);
}

function textAt(branch: ConfigBranch, key: string): string | undefined {
  const node = lookup(branch, [key]);
  return node?.type === 'leaf' && typeof node.value === 'string' ? node.value : undefined;
}

/** `config/providers/aws.toml` is about `providers.aws`, `config/platform/x.toml` about `platform.x`. */
async function readDirectoryLayers(
  directory: string,
  layer: 'provider' | 'platform',
  signal?: AbortSignal,
): Promise<ConfigBranch[]> {
  const key = layer === 'provider' ? 'providers' : 'platform';
  const names = (await listNames(directory)).filter((name) => name.endsWith('.toml'));
  const found = await Promise.all(
    names.map((name) =>
      readTomlLayer(join(directory, name), { layer, under: [key, name.slice(0, -'.toml'.length)], signal }),
    ),
  );
  return present(...found);
}

async function readEnvironment(root: string, merged: ConfigBranch, signal?: AbortSignal) {
  const node = lookup(merged, ['environment']);
  const name = textAt(merged, 'environment');
  if (name === undefined || node === undefined)
    return { environment: undefined, layer: undefined, warnings: [] };
  const path = join(root, 'config', `${name}.toml`);
  const layer = await readTomlLayer(path, { layer: 'environment', signal });
  if (layer !== undefined) return { environment: name, layer, warnings: [] };
  if (node.origin.layer === 'variable')
    return {
      environment: name,
      layer,
      warnings: [`the environment "${name}" of ${node.origin.file} has no file ${path}`],
    };
  const known = (await listNames(join(root, 'config')))
    .filter((each) => each.endsWith('.toml'))
    .map((each) => each.slice(0, -'.toml'.length));
  const suggestion =
    known.length === 0 ? `Write ${path}, or leave the environment out.` : suggestKey(name, known);
  throw new ProvError('WORKSPACE_ENVIRONMENT_NOT_FOUND', { name, path, suggestion });
}

/** Names in a directory, sorted bytewise; none when there is no such directory. */
export async function listNames(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw new ProvError('BASE_FILE_UNREADABLE', { path: directory, reason: code }, { cause: error });
  }
}
