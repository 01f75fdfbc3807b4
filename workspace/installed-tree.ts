import { type Digest, isDigest, ProvError, writeFileAtomic } from '#base';
import { treeDigest } from '#oci';
import { contentDigestOf, type LockEntry } from '#schemas';
import { isForThisPlatform, type ModuleCandidate } from './module-directories.js';
import { readTextIfThere } from './read-text.js';

export interface TreeOptions {
  /** Whether an installed directory is compared with the lock. Default true. */
  readonly checkTrees?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * To be called once after an extension was unpacked and verified. An archive that prov packed without times
 * has the digest that its directory gives, and nothing is written. For others (packed with times, or by
 * another program) the directory's digest is noted beside it, so that later edits are found all the same.
 */
export async function recordInstalledTree(
  dir: string,
  entry: Pick<LockEntry, 'name' | 'layers'>,
  signal?: AbortSignal,
): Promise<Digest> {
  const digest = await treeDigest(dir, { title: entry.name, signal });
  if (digest !== lockedTree(entry)) writeFileAtomic(noteOf(dir), `${digest}\n`);
  return digest;
}

/**
 * The identity of an extension's content. What is installed from the lock has to be still what the lock
 * says, by the digest of the archive that it packs to, or what was noted when it was installed.
 * @throws WORKSPACE_MODULE_MODIFIED
 */
export async function contentDigest(candidate: ModuleCandidate, options: TreeOptions): Promise<Digest> {
  const { dir, entry } = candidate;
  if (entry === undefined) return treeDigest(dir, { title: candidate.name, signal: options.signal });
  if (options.checkTrees !== false) await assertInstalledTree(dir, entry, options.signal);
  return contentDigestOf(entry);
}

/**
 * Passes only when an installed directory is, byte for byte, what was locked, verified and unpacked.
 * @throws WORKSPACE_MODULE_MODIFIED
 */
export async function assertInstalledTree(
  dir: string,
  entry: LockEntry,
  signal?: AbortSignal,
): Promise<void> {
  const locked = 'path' in entry.source ? entry.source.tree : lockedTree(entry);
  const actual = await treeDigest(dir, { title: entry.name, signal });
  const expected = actual === locked ? locked : ((await readNote(dir)) ?? locked);
  const module = `${entry.kind} ${entry.name} ${entry.version}`;
  if (actual !== expected)
    throw new ProvError('WORKSPACE_MODULE_MODIFIED', { module, path: dir, expected, actual });
}

/** Which layer is the archive is the publisher's choice; only its block says the digest of a tar. */
function lockedTree({ layers }: Pick<LockEntry, 'layers'>): Digest | undefined {
  const archives = layers.filter(({ tar }) => tar !== undefined);
  const here = archives.find(
    ({ platform }) => platform === undefined || isForThisPlatform({ platforms: [platform] }),
  );
  return (here ?? archives[0])?.tar;
}

async function readNote(dir: string): Promise<Digest | undefined> {
  const text = (await readTextIfThere(noteOf(dir)))?.trim();
  return isDigest(text) ? text : undefined;
}

function noteOf(dir: string): string {
  return `${dir}.tree`;
}
