import { join } from 'node:path';
import { ProvError } from '#base';
import { type ExtensionManifest, parseYaml } from '#schemas';
import {
  type ConfigBranch,
  type ConfigNode,
  type ConfigOrigin,
  emptyBranch,
  isRecord,
  leaves,
  lookup,
  toNode,
  toValue,
} from './config-node.js';
import type { Infra } from './load-infra.js';
import { mergeAll } from './merge-config.js';
import type { ModuleConfig } from './module.js';
import type { ModuleCandidate } from './module-directories.js';
import type { Workspace } from './open-workspace.js';
import { interpolatePart } from './open-workspace.js';
import { readTextIfThere } from './read-text.js';

const DEFAULTS_FILE = 'config.defaults.yaml';

/** The layers of one extension's settings, lowest first; `top` lies over what single servers say. */
export interface ModuleConfigLayers {
  readonly defaults: ConfigBranch;
  readonly configured: ConfigBranch;
  readonly top: ConfigBranch;
}

/** Reads what an extension ships as defaults, literally. @throws BASE_FILE_MISSING, SCHEMAS_* */
export async function readDefaults(
  dir: string,
  manifest: ExtensionManifest,
  signal?: AbortSignal,
): Promise<ConfigBranch> {
  const declared = manifest.configuration?.defaults;
  const path = join(dir, declared ?? DEFAULTS_FILE);
  const text = await readTextIfThere(path, signal);
  if (text === undefined && declared !== undefined) throw new ProvError('BASE_FILE_MISSING', { path });
  const file = parseYaml(text ?? '{}', path);
  if (file.value === null) return emptyBranch('defaults');
  if (!isRecord(file.value))
    throw new ProvError('SCHEMAS_VALUE_INVALID', {
      path,
      line: 1,
      column: 1,
      at: 'file',
      reason: 'must be a map',
    });
  return toNode(file.value, (keys) => ({
    layer: 'defaults',
    file: path,
    ...file.position(keys),
  })) as ConfigBranch;
}

/** What the workspace's and infra's files, variables and flags say about an extension. */
export function configuredLayers(
  workspace: Workspace,
  infra: Infra,
  candidate: ModuleCandidate,
): Omit<ModuleConfigLayers, 'defaults'> {
  const homes = candidate.kind === 'provider' ? ['providers', 'config'] : ['config'];
  const pick = (config: ConfigBranch) =>
    mergeAll(emptyBranch('workspace'), ...homes.flatMap((home) => branchAt(config, [home, candidate.name])));
  const above = mergeAll(emptyBranch('flag'), ...workspace.layers.above);
  return {
    configured: pick(infra.config),
    top: interpolatePart(pick(above), infra.config, workspace.interpolation),
  };
}

function branchAt(config: ConfigBranch, path: readonly string[]): ConfigBranch[] {
  const node = lookup(config, path);
  return node?.type === 'branch' ? [node] : [];
}

/** The node of settings that stand in a file of the workspace or of a cluster. */
export function overlay(
  values: Readonly<Record<string, unknown>> | undefined,
  originOf: (path: readonly (string | number)[]) => ConfigOrigin,
): ConfigBranch {
  return toNode(values ?? {}, originOf, []) as ConfigBranch;
}

export function toModuleConfig(node: ConfigNode): ModuleConfig {
  return { values: toValue(node) as Record<string, unknown>, provenance: leaves(node) };
}
