import { dirname, join } from 'node:path';
import {
  type Digest,
  digestHex,
  isDigest,
  makeDirectories,
  ProvError,
  provHome,
  writeFileAtomic,
} from '#base';
import { treeDigest } from '#oci';
import { contentDigestOf, type LockEntry } from '#schemas';
import { isForThisPlatform, type ModuleCandidate } from './module-directories.js';
import { readTextIfThere } from './read-text.js';

export interface TreeOptions {
  /** Whose home it is that notes are kept in. Default: the environment of the process. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * To be called once after an extension was unpacked and verified. An archive that prov packed without times
 * has the digest that its directory gives, and nothing is written. For others (packed with times, or by
 * another program) what their directory gives is noted in the home of the user, by the digest of the archive: what
 * comes with a workspace must not be able to say of itself that it is right.
 */
export async function recordInstalledTree(
  dir: string,
  entry: Pick<LockEntry, 'name' | 'layers'>,
  { env, signal }: TreeOptions = {},
): Promise<Digest> {
  const archive = archiveOf(entry);
  const digest = await treeDigest(dir, { title: entry.name, signal });
  if (archive !== undefined && digest !== archive.tar) {
    const note = noteOf(archive.digest, env);
    makeDirectories(dirname(note), { mode: 0o700 });
    writeFileAtomic(note, `${digest}\n`, { mode: 0o600 });
  }
  return digest;
}

/**
 * The identity of an extension's content. What is installed from the lock has to be still what the lock
 * says, by the digest of the archive that it packs to, or what was noted when it was installed.
 * @throws WORKSPACE_MODULE_MODIFIED
 */
export async function contentDigest(
  candidate: ModuleCandidate,
  { checkTrees = true, ...options }: TreeOptions & { readonly checkTrees?: boolean },
): Promise<Digest> {
  const { dir, entry } = candidate;
  if (entry === undefined) return treeDigest(dir, { title: candidate.name, signal: options.signal });
  if (checkTrees) await assertInstalledTree(dir, entry, options);
  return contentDigestOf(entry);
}

/**
 * Passes only when an installed directory is, byte for byte, what was locked, verified and unpacked.
 * @throws WORKSPACE_MODULE_MODIFIED
 */
export async function assertInstalledTree(
  dir: string,
  entry: LockEntry,
  { env, signal }: TreeOptions = {},
): Promise<void> {
  const actual = await treeDigest(dir, { title: entry.name, signal });
  const archive = archiveOf(entry);
  const locked = 'path' in entry.source ? entry.source.tree : archive?.tar;
  if (actual === locked) return;
  const expected = (archive && (await readNote(noteOf(archive.digest, env)))) ?? locked;
  const module = `${entry.kind} ${entry.name} ${entry.version}`;
  if (actual !== expected)
    throw new ProvError('WORKSPACE_MODULE_MODIFIED', { module, path: dir, expected, actual });
}

/** The archive with the extension's directory. Which layer it is is the publisher's choice; only its block says the digest of a tar. */
function archiveOf({ layers }: Pick<LockEntry, 'layers'>): LockEntry['layers'][number] | undefined {
  const archives = layers.filter(({ asset }) => asset === undefined);
  const here = archives.filter(
    ({ platform }) => platform === undefined || isForThisPlatform({ platforms: [platform] }),
  );
  const fitting = here.length > 0 ? here : archives;
  return fitting.find(({ tar }) => tar !== undefined) ?? fitting[0];
}

async function readNote(path: string): Promise<Digest | undefined> {
  const text = (await readTextIfThere(path))?.trim();
  return isDigest(text) ? text : undefined;
}

/** What the archive of this digest gives when it is unpacked, wherever that is. */
function noteOf(archive: Digest, env?: NodeJS.ProcessEnv): string {
  return join(provHome(env), 'state', 'trees', digestHex(archive));
}
