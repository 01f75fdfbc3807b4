import { ProvError } from '#base';
import { KINDS, type Lock } from '#schemas';
import { componentPlacements } from './component-placements.js';
import { configureModule, type ModuleContext } from './configure-module.js';
import { contentDigest } from './installed-tree.js';
import type { Infra } from './load-infra.js';
import type { Module } from './module.js';
import { findAssets, hostPlatform } from './module-assets.js';
import {
  type FoundModule,
  findCandidates,
  type ModuleCandidate,
  type ModuleCandidates,
  readCandidate,
} from './module-directories.js';
import { assertKnown, neededBy, readPlacements } from './module-roots.js';
import type { Workspace } from './open-workspace.js';

export interface LoadModulesOptions {
  /** Version of this prov: manifests may ask for a newer one. */
  readonly provVersion: string;
  /** `os/arch`. Default: this machine. */
  readonly platform?: string;
  /** `infra` (default): what `settings.yaml` names and what that needs. `all`: everything locked or in a layer. */
  readonly scope?: 'infra' | 'all';
  /** Whether installed directories are compared with the lock. Default true. */
  readonly checkTrees?: boolean;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Loads the extensions that an infra runs, each from the highest layer that has it, with its settings
 * merged, checked against its schema and traced to their files; sorted by kind and name.
 * @throws WORKSPACE_MODULE_NOT_INSTALLED, WORKSPACE_MODULE_UNKNOWN, WORKSPACE_MODULE_MODIFIED,
 *   WORKSPACE_MODULE_MISMATCH, WORKSPACE_MODULE_CONFIG_INVALID, WORKSPACE_MODULE_SCHEMA_INVALID, SCHEMAS_*
 */
export async function loadModules(
  workspace: Workspace,
  infra: Infra,
  lock: Lock,
  options: LoadModulesOptions,
): Promise<readonly Module[]> {
  const candidates = await findCandidates(workspace, infra, lock);
  const placements = readPlacements(infra);
  assertKnown(placements, candidates, infra);
  const named = placements.map(({ kind, name }) => `${kind}/${name}`);
  const roots = options.scope === 'all' ? [...candidates.keys()] : named;
  const found = await reach(roots, { candidates, lock, options });
  const all = [...placements, ...componentPlacements(found, placements)];
  const modules: Module[] = [];
  const missing: string[] = [];
  for (const [key, { candidate, manifest, digest }] of [...found].toSorted(byKindAndName)) {
    const shadows = await readShadows(candidates.get(key)!.slice(1), options);
    const own = all.filter(({ kind, name }) => `${kind}/${name}` === key);
    const context: ModuleContext = {
      workspace,
      infra,
      candidate,
      manifest,
      digest,
      checkUnplaced: options.scope !== 'all',
    };
    const assets = await findAssets(workspace.root, manifest, options.platform ?? hostPlatform());
    missing.push(...assets.missing.map((asset) => `asset ${asset} of ${manifest.name}`));
    modules.push({
      kind: candidate.kind,
      name: candidate.name,
      version: manifest.version,
      dir: candidate.dir,
      layer: candidate.layer,
      digest,
      manifest,
      shadows,
      ...(candidate.entry === undefined ? {} : { lock: candidate.entry }),
      ...(await configureModule(context, own, options.signal)),
      assets: assets.here,
    });
  }
  assertNoneMissing(missing);
  return modules;
}

interface Reach {
  readonly candidates: ModuleCandidates;
  readonly lock: Lock;
  readonly options: LoadModulesOptions;
}

/** Reads the roots and all that they need; names every missing one at once. */
async function reach(
  roots: readonly string[],
  { candidates, lock, options }: Reach,
): Promise<ReadonlyMap<string, FoundModule>> {
  const found = new Map<string, FoundModule>();
  const missing: string[] = [];
  const queue = new Set(roots);
  for (const key of queue) {
    options.signal?.throwIfAborted();
    const candidate = candidates.get(key)![0]!;
    const manifest = await readCandidate(candidate, options.provVersion, options.signal);
    if (manifest === undefined) {
      missing.push(`${candidate.kind} ${candidate.name} ${candidate.entry?.version ?? ''}`.trim());
      continue;
    }
    found.set(key, { candidate, manifest, digest: await contentDigest(candidate, options) });
    for (const next of neededBy(manifest, candidates, lock)) queue.add(next);
  }
  assertNoneMissing(missing);
  return found;
}

async function readShadows(
  hidden: readonly ModuleCandidate[],
  options: LoadModulesOptions,
): Promise<Module['shadows']> {
  return Promise.all(
    hidden.map(async (each) => {
      const version =
        each.entry?.version ??
        (await readCandidate(each, options.provVersion, options.signal))?.version ??
        'unknown';
      return { layer: each.layer, version, dir: each.dir };
    }),
  );
}

function assertNoneMissing(missing: readonly string[]): void {
  if (missing.length > 0)
    throw new ProvError('WORKSPACE_MODULE_NOT_INSTALLED', { modules: missing.toSorted().join(', ') });
}

function byKindAndName([a]: readonly [string, FoundModule], [b]: readonly [string, FoundModule]): number {
  const rank = (key: string) => KINDS.findIndex((kind) => key.startsWith(`${kind}/`));
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}
