import { join } from 'node:path';
import { type Digest, ProvError } from '#base';
import {
  type ExtensionManifest,
  entryLabel,
  isExtensionName,
  KINDS,
  type Kind,
  kindPlural,
  type Lock,
  type LockEntry,
  parseExtensionManifest,
} from '#schemas';
import { listNames } from './config-layers.js';
import { moduleInstallDir } from './install-paths.js';
import type { Infra } from './load-infra.js';
import type { ModuleLayer } from './module.js';
import { hostPlatform } from './module-assets.js';
import type { Workspace } from './open-workspace.js';
import { readTextIfThere } from './read-text.js';

/** One place where a copy of an extension is, or where the lock says it should be. */
export interface ModuleCandidate {
  readonly kind: Kind;
  /** What it is called in the workspace: the alias, where the lock has one. */
  readonly name: string;
  readonly dir: string;
  readonly layer: ModuleLayer;
  readonly entry?: LockEntry;
}

/** A copy that was read. */
export interface FoundModule {
  readonly candidate: ModuleCandidate;
  readonly manifest: ExtensionManifest;
  readonly digest: Digest;
}

/** All copies of each extension, the one that wins first; the key is `kind/name`. */
export type ModuleCandidates = ReadonlyMap<string, readonly ModuleCandidate[]>;

/** Finds the extensions of all three layers: `infra/NAME/extensions`, `extensions`, and what is locked. */
export async function findCandidates(
  workspace: Workspace,
  infra: Infra,
  lock: Lock,
): Promise<ModuleCandidates> {
  const all = [
    ...(await scan(join(infra.dir, 'extensions'), 'infra')),
    ...(await scan(join(workspace.root, 'extensions'), 'workspace')),
    ...lock.extensions.filter(isForThisPlatform).map((entry) => locked(workspace.root, entry)),
  ];
  const byKey = new Map<string, ModuleCandidate[]>();
  for (const candidate of all) {
    const key = `${candidate.kind}/${candidate.name}`;
    byKey.set(key, [...(byKey.get(key) ?? []), candidate]);
  }
  return byKey;
}

/** Where no version fits all platforms, the lock has one for each of them. */
export function isForThisPlatform({ platforms }: Pick<LockEntry, 'platforms'>): boolean {
  const host = hostPlatform();
  return platforms === undefined || platforms.some((each) => each === host || each.startsWith(`${host}/`));
}

function locked(root: string, entry: LockEntry): ModuleCandidate {
  const dir = moduleInstallDir(root, entry);
  return { kind: entry.kind, name: entryLabel(entry), dir, layer: 'core', entry };
}

async function scan(directory: string, layer: ModuleLayer): Promise<ModuleCandidate[]> {
  const byKind = await Promise.all(
    KINDS.map(async (kind) => {
      const parent = join(directory, kindPlural(kind));
      const names = (await listNames(parent)).filter(isExtensionName);
      return names.map((name) => ({ kind, name, dir: join(parent, name), layer }));
    }),
  );
  const found = await Promise.all(
    byKind
      .flat()
      .map(async (each) =>
        (await readTextIfThere(join(each.dir, 'manifest.yaml'))) === undefined ? [] : [each],
      ),
  );
  return found.flat();
}

/**
 * Reads the manifest of a copy; undefined when the directory does not hold one.
 * @throws WORKSPACE_MODULE_MISMATCH when it is not the extension that its place says; SCHEMAS_*.
 */
export async function readCandidate(
  candidate: ModuleCandidate,
  provVersion: string,
  signal?: AbortSignal,
): Promise<ExtensionManifest | undefined> {
  const path = join(candidate.dir, 'manifest.yaml');
  const text = await readTextIfThere(path, signal);
  if (text === undefined) return undefined;
  const manifest = parseExtensionManifest(text, path, provVersion).value;
  const version = candidate.entry?.version ?? manifest.version;
  const found = `${manifest.type} ${manifest.name} ${manifest.version}`;
  const expected = `${candidate.kind} ${candidate.entry?.name ?? candidate.name} ${version}`;
  if (found !== expected) throw new ProvError('WORKSPACE_MODULE_MISMATCH', { path, found, expected });
  return manifest;
}
