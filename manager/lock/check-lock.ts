import { existsSync } from 'node:fs';
import { ProvError } from '#base';
import { type ContentCache, fetchBytes, openContentCache } from '#oci';
import { installOrder } from '#resolver';
import {
  formatLock,
  type ImageManifest,
  isRemoteEntry,
  type Lock,
  parseLock,
  parseOciManifest,
  type RemoteLockEntry,
} from '#schemas';
import { moduleInstallDir, type Workspace } from '#workspace';
import { contentCacheDir, type ManagerContext, metadataCacheDir } from '../context.js';
import { isUnchanged } from '../install/installed-state.js';
import { ContentPack, keptContents } from '../metadata/ask-contents.js';
import { openMetadataCache } from '../metadata/metadata-cache.js';
import { readLockText } from '../resolve/lock-file.js';
import { fitPlace, lockDifferences } from '../resolve/lock-fit.js';
import { contentFlaws } from './content-flaws.js';

/** One thing that is wrong with a lock or with what was installed from it. */
export interface LockProblem {
  /** `edited`: not as prov writes it; `dangling`, `content`, `stale`, `modified` (an installed tree). */
  readonly problem: 'edited' | 'dangling' | 'content' | 'stale' | 'modified';
  readonly where: string;
  readonly message: string;
}

export interface CheckLockResult {
  readonly lockFile: string;
  readonly problems: readonly LockProblem[];
  /** Extensions whose digests were compared with the manifest that this machine has kept. */
  readonly compared: number;
  /** Extensions that are installed and were compared with the lock. */
  readonly installed: number;
  readonly extensions: number;
}

/**
 * Checks a lock without a network: its format and order, its edges, its digests against the manifests that
 * this machine has kept, the requirements, and every installed tree.
 * @throws MANAGER_LOCK_MISSING, SCHEMAS_LOCK_INVALID, SCHEMAS_NEEDS_NEWER_PROV
 */
export async function checkLock(
  { workspace }: { readonly workspace: Workspace },
  context: ManagerContext,
): Promise<CheckLockResult> {
  const { lockFile } = workspace;
  const text = await readLockText(lockFile);
  if (text === undefined) throw new ProvError('MANAGER_LOCK_MISSING', { path: lockFile });
  const lock = parseLock(text, lockFile);
  const content = await contentProblems(lock, workspace, context);
  const installed = await installedProblems(lock, workspace, context);
  const dangling = edgeProblems(lock, lockFile);
  // What an edge leads nowhere from cannot be held against anything: it would be told again and again.
  const stale = dangling.length > 0 ? [] : lockDifferences(lock, await fitPlace(workspace, lock, context));
  const problems: LockProblem[] = [
    ...editProblems(text, lock, lockFile),
    ...dangling,
    ...content.problems,
    ...stale.map((message) => ({ problem: 'stale' as const, where: lockFile, message })),
    ...installed.problems,
  ];
  return {
    lockFile,
    problems,
    compared: content.compared,
    installed: installed.count,
    extensions: lock.extensions.length,
  };
}

/** Bytes that prov would not have written were written by somebody else. */
function editProblems(text: string, lock: Lock, lockFile: string): LockProblem[] {
  const canonical = formatLock(lock);
  if (text === canonical) return [];
  const [is, ought] = [text.split('\n'), canonical.split('\n')];
  const at = is.findIndex((line, i) => line !== ought[i]);
  const line = at < 0 ? ought.length : at + 1;
  const message = `it was edited by hand: line ${line} is not as prov writes it`;
  return [{ problem: 'edited', where: `${lockFile}:${line}`, message }];
}

function edgeProblems(lock: Lock, lockFile: string): LockProblem[] {
  try {
    installOrder(lock);
    return [];
  } catch (error) {
    if (!(error instanceof ProvError)) throw error;
    return [{ problem: 'dangling', where: lockFile, message: error.message }];
  }
}

async function contentProblems(lock: Lock, workspace: Workspace, context: ManagerContext) {
  const pack = new ContentPack();
  const metadata = openMetadataCache(metadataCacheDir(context));
  for (const { host } of workspace.registries) await keptContents(host, { pack, cache: metadata });
  const cache = await openContentCache(contentCacheDir(context));
  const problems: LockProblem[] = [];
  let compared = 0;
  for (const entry of lock.extensions.filter(isRemoteEntry)) {
    const manifest = await keptManifest(entry, pack, cache);
    if (manifest === undefined) continue;
    compared += 1;
    for (const { what, locked, actual } of contentFlaws(entry, manifest, lock))
      problems.push({
        problem: 'content',
        where: `${entry.kind} ${entry.name} ${entry.version}`,
        message: `the lock says ${what} ${locked}, the manifest ${entry.manifest.digest} says ${actual}`,
      });
  }
  await cache.close();
  return { problems, compared };
}

async function keptManifest(
  { manifest }: RemoteLockEntry,
  pack: ContentPack,
  cache: ContentCache,
): Promise<ImageManifest | undefined> {
  const { digest, size, mediaType } = manifest;
  const packed = pack.bytes.get(digest);
  const store = {
    label: cache.directory,
    fetch: async () => (await cache.get({ digest, size })) ?? Promise.reject(new Error('gone')),
  };
  const bytes = packed ?? ((await cache.has(digest)) ? await fetchBytes(store, manifest) : undefined);
  if (bytes === undefined) return undefined;
  const parsed = parseOciManifest(bytes, mediaType);
  return parsed.kind === 'manifest' ? parsed.manifest : undefined;
}

async function installedProblems({ extensions }: Lock, { root }: Workspace, { signal }: ManagerContext) {
  const problems: LockProblem[] = [];
  let count = 0;
  for (const entry of extensions) {
    const dir = moduleInstallDir(root, entry);
    if (!existsSync(dir)) continue;
    count += 1;
    if (await isUnchanged(dir, entry, signal)) continue;
    const module = `${entry.kind} ${entry.name} ${entry.version}`;
    problems.push({
      problem: 'modified',
      where: dir,
      message: `${module} was changed after it was installed`,
    });
  }
  return { problems, count };
}
