import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { type Digest, ProvError } from '#base';
import { treeDigest } from '#oci';
import { type PackageId, packageId, type VersionFacts } from '#resolver';
import { dependencyFacts, isLocalEntry, type Kind, type Lock, parseExtensionManifest } from '#schemas';
import { type Requirement, readText, type Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';

/** An extension that the workspace requires as a directory. */
export interface LocalPackage {
  /** What it stands for: the extension of that name in the namespace of the first registry. */
  readonly id: PackageId;
  /** Relative to the workspace, with `/`. */
  readonly path: string;
  readonly kind: Kind;
  readonly name: string;
  readonly facts: VersionFacts;
}

export type LocalPackages = ReadonlyMap<PackageId, LocalPackage>;

type Context = Pick<ManagerContext, 'provVersion' | 'signal'>;

/**
 * Reads the manifests of the directories that a workspace requires. Each stands for the extension of its name, in
 * place of what the registry has, so that others may depend on it.
 * @throws MANAGER_PATH_REQUIREMENT when a directory is not there, not inside the workspace, reached by a link, or
 *   not what was asked for; SCHEMAS_* for its manifest.
 */
export async function readLocalPackages(workspace: Workspace, context: Context): Promise<LocalPackages> {
  const packages = new Map<PackageId, LocalPackage>();
  for (const requirement of workspace.requirements) {
    if (requirement.path === undefined) continue;
    const local = await readLocalPackage(requirement as Requirement & { path: string }, workspace, context);
    const other = packages.get(local.id);
    if (other !== undefined && other.path !== local.path)
      throw refused(requirement, `${other.path} is ${local.kind} ${local.name}, too`);
    packages.set(local.id, local);
  }
  return packages;
}

async function readLocalPackage(
  requirement: Requirement & { readonly path: string },
  workspace: Workspace,
  { provVersion, signal }: Context,
): Promise<LocalPackage> {
  const path = localPath(workspace, requirement.path);
  if (path === '' || path.startsWith('../') || path === '..' || isAbsolute(path))
    throw refused(requirement, 'it is not inside the workspace');
  const dir = join(workspace.root, path);
  if (!(await isDirectory(dir))) throw refused(requirement, 'there is no such directory');
  if ((await realpath(dir)) !== join(await realpath(workspace.root), path))
    throw refused(requirement, 'a link is on the way to it');
  const file = join(dir, 'manifest.yaml');
  const manifest = parseExtensionManifest(await readText(file, signal), file, provVersion).value;
  const { name, type, version } = manifest;
  if (type !== requirement.kind) throw refused(requirement, `it holds a ${type}, not a ${requirement.kind}`);
  const { id: registry, namespace } = workspace.registries[0]!;
  return {
    id: packageId(registry, namespace === '' ? name : `${namespace}/${name}`, requirement.alias),
    path,
    kind: type,
    name,
    facts: { version, kind: type, deps: dependencyFacts(manifest) },
  };
}

/** A path of a requirement as the lock has it: relative to the workspace, with `/`. */
export function localPath({ root }: Workspace, path: string): string {
  return relative(root, resolve(root, path)).split(sep).join('/');
}

/** The digest of a directory as it is now. @throws OCI_PACK_REFUSED for links inside it */
export function localTree(
  { root }: Workspace,
  { path, name }: Pick<LocalPackage, 'path' | 'name'>,
  signal: AbortSignal | undefined,
): Promise<Digest> {
  return treeDigest(join(root, path), { title: name, signal });
}

/** The digests of the directories that a lock names, as they are now; undefined for what is gone. */
export async function localTrees(
  workspace: Workspace,
  lock: Lock | undefined,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, Digest | undefined>> {
  const trees = new Map<string, Digest | undefined>();
  for (const { name, source } of lock?.extensions.filter(isLocalEntry) ?? []) {
    const there = await isDirectory(join(workspace.root, source.path));
    trees.set(
      source.path,
      there ? await localTree(workspace, { name, path: source.path }, signal) : undefined,
    );
  }
  return trees;
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw new ProvError('BASE_FILE_UNREADABLE', { path, reason: code }, { cause: error });
  }
}

function refused({ origin, path }: Requirement, reason: string): ProvError {
  const place = `${origin.file ?? origin.layer}:${origin.line ?? 1}`;
  return new ProvError('MANAGER_PATH_REQUIREMENT', { place, path, reason });
}
