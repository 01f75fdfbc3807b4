import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ProvError } from '#base';
import type { Mode } from '#schemas';
import { type ConfigLayers, listNames, mergeLayers, type OpenOptions, readLayers } from './config-layers.js';
import { type ConfigBranch, lookup, toValue } from './config-node.js';
import { isWorkspace } from './find-workspace.js';
import { gitBranch } from './git-branch.js';
import { type InterpolationContext, interpolate } from './interpolate.js';
import { DEFAULT_MODE, normaliseMode } from './modes.js';
import { readRegistries, type WorkspaceRegistry } from './registries.js';
import { type Requirement, readRequirements } from './requirements.js';

/** A workspace with its configuration, as it was when opened; plain data. */
export interface Workspace {
  /** Absolute path. */
  readonly root: string;
  readonly name: string;
  readonly mode: Mode;
  readonly environment: string | undefined;
  /** The default registry first; never empty. */
  readonly registries: readonly WorkspaceRegistry[];
  readonly requirements: readonly Requirement[];
  /** How versions are chosen. */
  readonly resolution: WorkspaceResolution;
  /** Everything but what infras add, each value with its origin; see `configValue` and `explainConfig`. */
  readonly config: ConfigBranch;
  /** Names under `infra/`, sorted. */
  readonly infras: readonly string[];
  readonly warnings: readonly string[];
  /** `prov.lock`; it need not be there. */
  readonly lockFile: string;
  readonly layers: ConfigLayers;
  readonly interpolation: Omit<InterpolationContext, 'environmentAllow'>;
}

export interface WorkspaceResolution {
  readonly strategy: 'latest' | 'lowest' | 'lowest-direct' | 'minimal-change' | 'security-only';
  readonly prerelease: 'never' | 'if-named' | 'if-only' | 'allow';
  /** Absent: those of this machine. */
  readonly platforms?: readonly string[];
  readonly overrides?: Readonly<Record<string, string>>;
  /** Extension → range in which it must be, if it is there. */
  readonly constraints?: Readonly<Record<string, string>>;
  /** Capability → the extension that serves it. */
  readonly providers?: Readonly<Record<string, string>>;
  /** Capability → the extension that serves it when nothing else decides. */
  readonly default_providers?: Readonly<Record<string, string>>;
  /** `registry:namespace` whose extensions may serve capabilities, besides those that the workspace names. */
  readonly provider_sources?: readonly string[];
  /** Versions with a known weakness: never chosen. */
  readonly advisories?: readonly {
    readonly extension: string;
    readonly range: string;
    readonly id: string;
  }[];
  /** Default `strict`: a version that the trust policy refuses is not replaced by an older one. */
  readonly signatures?: 'strict' | 'prefer';
  /** Versions must have been published for as long as this: `72h`, `7d`, `2w`. */
  readonly min_age?: string;
  /** Extensions to which it does not apply: names of the first registry, as in `overrides`. */
  readonly min_age_exempt?: readonly string[];
  /** Default `signed`: a time that nobody signed satisfies no age. */
  readonly age_source?: 'signed' | 'registry';
}

/**
 * Opens the workspace at `directory`: every layer read, checked and merged, nothing written.
 * @throws WORKSPACE_NOT_FOUND; SCHEMAS_*, WORKSPACE_* with file, line and column for what is wrong in a file.
 */
export async function openWorkspace(directory: string, options: OpenOptions = {}): Promise<Workspace> {
  const root = resolve(directory);
  if (!(await isWorkspace(root))) throw new ProvError('WORKSPACE_NOT_FOUND', { path: root });
  const layers = await readLayers(root, options);
  const merged = mergeLayers(layers);
  const name = toValue(lookup(merged, ['workspace', 'name'])!) as string;
  const interpolation = {
    env: allowedVariables(merged, options.env ?? process.env),
    paths: {
      base: root,
      config: join(root, 'config'),
      infra: join(root, 'infra'),
      extensions: join(root, 'extensions'),
      cache: join(root, '.cache'),
      runtime: join(root, '.runtime'),
    },
    workspaceName: name,
    date: new Date().toISOString().slice(0, 10),
    gitBranch: await gitBranch(root, options.signal),
  };
  const config = interpolatePart(merged, merged, interpolation);
  const { requirements, registries } = readRequirements(config, readRegistries(config));
  return {
    root,
    name,
    mode: normaliseMode(toValue(lookup(config, ['mode'])!) as string) ?? DEFAULT_MODE,
    environment: layers.environment,
    registries,
    requirements,
    resolution: toValue(lookup(config, ['resolution'])!) as WorkspaceResolution,
    config,
    infras: await listInfras(root),
    warnings: layers.warnings,
    lockFile: join(root, 'prov.lock'),
    layers,
    interpolation,
  };
}

/** Only what `{{env.X}}` may read: an opened workspace holds no other variable. Infras can only take names away. */
function allowedVariables(merged: ConfigBranch, env: Readonly<Record<string, string | undefined>>) {
  return Object.fromEntries(environmentAllow(merged).map((name) => [name, env[name]]));
}

/** Fills in `{{…}}` in `part`; the security settings of `whole` decide which variables it may read. */
export function interpolatePart(
  part: ConfigBranch,
  whole: ConfigBranch,
  context: Workspace['interpolation'],
): ConfigBranch {
  return interpolate(part, { ...context, environmentAllow: environmentAllow(whole) });
}

function environmentAllow(config: ConfigBranch): readonly string[] {
  return toValue(lookup(config, ['security', 'environment_allow'])!) as readonly string[];
}

async function listInfras(root: string): Promise<readonly string[]> {
  const names = await listNames(join(root, 'infra'));
  const there = await Promise.all(names.map((name) => isFile(join(root, 'infra', name, 'settings.yaml'))));
  return names.filter((_, index) => there[index]);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw new ProvError('BASE_FILE_UNREADABLE', { path, reason: code }, { cause: error });
  }
}
