import { existsSync } from 'node:fs';
import { ProvError } from '#base';
import { type ReadExtension, treeDigest } from '#oci';
import { openStaging } from './staging.js';

export interface PlaceOptions {
  readonly destination: string;
  /** Replace what is there. */
  readonly force?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Whether a destination may be written: `free`, `same` when exactly this extension is there unchanged, or
 * `replace` when something else is and may go.
 * @throws OCI_UNPACK_TARGET_EXISTS
 */
export async function judgeDestination(
  { destination, force, signal }: PlaceOptions,
  extension?: Pick<ReadExtension, 'treeDigest' | 'epoch' | 'config'>,
): Promise<'free' | 'same' | 'replace'> {
  if (!existsSync(destination)) return 'free';
  if (extension?.treeDigest !== undefined && (await isSame(destination, extension, signal))) return 'same';
  if (force) return 'replace';
  throw new ProvError('OCI_UNPACK_TARGET_EXISTS', {
    path: destination,
    hint: 'Choose another destination, or replace it with --force.',
  });
}

async function isSame(
  dir: string,
  { treeDigest: wanted, epoch, config }: Pick<ReadExtension, 'treeDigest' | 'epoch' | 'config'>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    return (await treeDigest(dir, { title: config.name, mtime: epoch, signal })) === wanted;
  } catch (error) {
    // A file in its place, links or devices inside: something else than what was packed.
    if (error instanceof ProvError) return false;
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
    throw error;
  }
}

/**
 * Fills a staging directory and puts it in place; whatever fails or dies, the destination is either as it was
 * or complete.
 */
export async function placeTree(destination: string, fill: (tree: string) => Promise<void>): Promise<void> {
  const staging = openStaging(destination);
  try {
    await fill(staging.tree);
    await staging.commit();
  } finally {
    staging.discard();
  }
}
