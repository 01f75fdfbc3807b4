import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fsyncDirectory, makeDirectories, ProvError, writeError, writeFileAtomic } from '#base';
import { isWorkspaceName, parseYaml } from '#schemas';
import { PROVISIONING_FILE } from './find-workspace.js';
import { type InitOptions, type Tree, workspaceTree } from './workspace-tree.js';

export interface InitResult {
  /** Absolute path. */
  readonly root: string;
  /** Files and directories that were made, relative, sorted; empty when everything was there. */
  readonly created: readonly string[];
}

const STAGING = /^\.prov-init-(\d+)-[0-9a-f]{12}$/;

/**
 * Makes a workspace, as one step when the directory is new: it is whole or it is not there. Run again on
 * the same workspace it adds what is missing and changes nothing.
 * @throws WORKSPACE_DIRECTORY_NOT_EMPTY, WORKSPACE_NAME_DIFFERS, SCHEMAS_NAME_INVALID
 */
export async function initWorkspace(directory: string, options: InitOptions): Promise<InitResult> {
  const root = resolve(directory);
  assertName(options.name, 'workspace name');
  assertName(options.infra, 'infrastructure name');
  const tree = workspaceTree(options);
  options.signal?.throwIfAborted();
  try {
    const existing = existingName(root);
    if (existing !== undefined && existing !== options.name) {
      throw new ProvError('WORKSPACE_NAME_DIFFERS', { path: root, existing, name: options.name });
    }
    if (existing !== undefined) return { root, created: fill(root, tree, (path) => !has(root, path)) };
    if (statOf(root) === undefined) return createWhole(root, tree);
    return createInside(root, tree);
  } catch (error) {
    throw writeError(root, error);
  }
}

function createWhole(root: string, tree: Tree): InitResult {
  const parent = dirname(root);
  makeDirectories(parent);
  removeStale(parent);
  const staging = join(parent, stagingName());
  try {
    mkdirSync(staging);
    const created = fill(staging, tree, () => true);
    renameSync(staging, root);
    fsyncDirectory(parent);
    return { root, created };
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** The directory is there: only what init itself would make may be in it (an interrupted run), and `.git`. */
function createInside(root: string, tree: Tree): InitResult {
  removeStale(root);
  const foreign = listTree(root).filter((path) => !isPlanned(root, path, tree));
  if (foreign.length > 0)
    throw new ProvError('WORKSPACE_DIRECTORY_NOT_EMPTY', {
      path: root,
      found: foreign.slice(0, 3).join(', '),
    });
  const staging = join(root, stagingName());
  try {
    mkdirSync(staging);
    const created = fill(staging, tree, (path) => !has(root, path));
    const tops = [...new Set([...tree.keys()].map((path) => path.split('/')[0]!))];
    // `config` holds the file that makes it a workspace: it comes last.
    for (const top of tops.sort((a, b) => Number(a === 'config') - Number(b === 'config'))) {
      if (!has(root, top)) renameSync(join(staging, top), join(root, top));
    }
    fill(root, tree, (path) => !has(root, path));
    fsyncDirectory(root);
    return { root, created };
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

function fill(root: string, tree: Tree, wanted: (path: string) => boolean): string[] {
  const created: string[] = [];
  for (const [path, content] of tree) {
    if (!wanted(path)) continue;
    const target = join(root, path);
    mkdirSync(content === undefined ? target : dirname(target), { recursive: true });
    if (content !== undefined) writeFileAtomic(target, content);
    created.push(path);
  }
  return created.sort();
}

function isPlanned(root: string, path: string, tree: Tree): boolean {
  if (!tree.has(path))
    return (
      [...tree.keys()].some((planned) => planned.startsWith(`${path}/`)) &&
      statOf(join(root, path))!.isDirectory()
    );
  const content = tree.get(path);
  const found = statOf(join(root, path))!;
  return content === undefined
    ? found.isDirectory()
    : found.isFile() && readFileSync(join(root, path), 'utf8') === content;
}

function listTree(root: string, under = ''): string[] {
  return readdirSync(join(root, under), { withFileTypes: true }).flatMap((entry) => {
    if (under === '' && (entry.name === '.git' || STAGING.test(entry.name))) return [];
    const path = under === '' ? entry.name : `${under}/${entry.name}`;
    return entry.isDirectory() ? [path, ...listTree(root, path)] : [path];
  });
}

function existingName(root: string): string | undefined {
  const path = join(root, PROVISIONING_FILE);
  if (!statOf(path)?.isFile()) return undefined;
  const value = parseYaml(readFileSync(path, 'utf8'), path).value as {
    workspace?: { name?: unknown };
  } | null;
  return String(value?.workspace?.name ?? '');
}

function statOf(path: string) {
  return statSync(path, { throwIfNoEntry: false });
}

function has(root: string, path: string): boolean {
  return statOf(join(root, path)) !== undefined;
}

function stagingName(): string {
  return `.prov-init-${process.pid}-${randomBytes(6).toString('hex')}`;
}

/** Removes what runs that were killed left behind. */
function removeStale(directory: string): void {
  for (const name of readdirSync(directory)) {
    const pid = Number(STAGING.exec(name)?.[1] ?? 0);
    if (pid > 0 && !isAlive(pid)) rmSync(join(directory, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function assertName(value: string, what: string): void {
  if (isWorkspaceName(value)) return;
  const suggestion = `Write letters, digits, dot, dash and underscore, at most 63, for example ${
    basename(value)
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[-.]+/, '') || 'main'
  }.`;
  throw new ProvError('SCHEMAS_NAME_INVALID', { value, what, suggestion });
}
