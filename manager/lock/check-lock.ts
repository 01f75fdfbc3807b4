import { existsSync } from 'node:fs';
import { isProvError, ProvError } from '#base';
import type { ReadStore } from '#oci';
import { installOrder, packageId } from '#resolver';
import {
  contentDigestOf,
  type DependencyFacts,
  dependencyFacts,
  formatLock,
  isRemoteEntry,
  type Lock,
  type LockEntry,
  parseLock,
  type RemoteLockEntry,
} from '#schemas';
import { moduleInstallDir, type Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import { installedManifest, isUnchanged } from '../install/installed-state.js';
import { withContents } from '../metadata/with-contents.js';
import { readLockText } from '../resolve/lock-file.js';
import { fitPlace, lockDifferences } from '../resolve/lock-fit.js';
import { type SoundRequest, unsoundness } from './assert-sound.js';
import { type ContentFlaw, contentFlaws } from './content-flaws.js';
import { type ReadLocked, readLocked } from './read-locked.js';

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
  const factsOf = (entry: LockEntry) => content.facts.get(entry) ?? installed.facts.get(entry);
  // What an edge leads nowhere from cannot be held against anything: it would be told again and again.
  const stale = dangling.length > 0 ? [] : lockDifferences(lock, await fitPlace(workspace, lock, context));
  const problems: LockProblem[] = [
    ...editProblems(text, lock, lockFile),
    ...dangling,
    ...content.problems,
    ...(dangling.length > 0 ? [] : await soundProblems({ workspace, lock, factsOf }, context)),
    ...stale.map((message) => ({ problem: 'stale' as const, where: lockFile, message })),
    ...installed.problems,
  ];
  return {
    lockFile,
    problems,
    compared: content.facts.size,
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

/** What this machine has kept of the contents, held against the lock; no registry is asked. */
async function contentProblems(lock: Lock, workspace: Workspace, context: ManagerContext) {
  const kept = { ...context, offline: true };
  return withContents({ workspace, context: kept }, async ({ contents }) => {
    const remote = lock.extensions.filter(isRemoteEntry);
    const idOf = ({ source }: RemoteLockEntry) => packageId(source.registry, source.repository);
    await contents.prime(remote.map((entry) => ({ id: idOf(entry), digest: entry.manifest.digest })));
    const problems: LockProblem[] = [];
    const facts = new Map<LockEntry, DependencyFacts>();
    for (const entry of remote) {
      const content = await readKept(entry, contents.store(idOf(entry), entry), context);
      if (content === undefined) continue;
      facts.set(entry, content.extension.facts);
      problems.push(...contentFlaws(entry, content).map((flaw) => flawProblem(entry, flaw)));
    }
    return { problems, facts };
  });
}

/** @throws what is wrong with content that is here: that it is not what its digest says, say */
async function readKept(
  entry: RemoteLockEntry,
  store: ReadStore,
  context: ManagerContext,
): Promise<ReadLocked | undefined> {
  try {
    return await readLocked(entry, store, context);
  } catch (error) {
    if (isProvError(error, 'OCI_CONTENT_MISSING')) return undefined;
    throw error;
  }
}

function flawProblem(entry: LockEntry, { what, locked, actual }: ContentFlaw): LockProblem {
  return {
    problem: 'content',
    where: `${entry.kind} ${entry.name} ${entry.version}`,
    message: `the lock says ${what} ${locked}, the manifest ${contentDigestOf(entry)} says ${actual}`,
  };
}

/** What the contents make of the graph. */
async function soundProblems(request: SoundRequest, context: ManagerContext): Promise<LockProblem[]> {
  const found = await unsoundness(request, context);
  if ('flaws' in found) return found.flaws.map((flaw) => flawProblem(flaw.entry, flaw));
  return [{ problem: 'content', where: request.workspace.lockFile, message: found.explanation }];
}

async function installedProblems({ extensions }: Lock, { root }: Workspace, context: ManagerContext) {
  const problems: LockProblem[] = [];
  const facts = new Map<LockEntry, DependencyFacts>();
  let count = 0;
  for (const entry of extensions) {
    const dir = moduleInstallDir(root, entry);
    if (!existsSync(dir)) continue;
    count += 1;
    if (await isUnchanged(dir, entry, context)) {
      facts.set(entry, dependencyFacts(await installedManifest(dir, context)));
      continue;
    }
    const module = `${entry.kind} ${entry.name} ${entry.version}`;
    problems.push({
      problem: 'modified',
      where: dir,
      message: `${module} was changed after it was installed`,
    });
  }
  return { problems, facts, count };
}
