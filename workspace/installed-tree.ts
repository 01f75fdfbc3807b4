import { type Digest, ProvError } from '#base';
import { treeDigest } from '#oci';
import type { ModuleCandidate } from './module-directories.js';

export interface TreeOptions {
  /** Whether an installed directory is compared with the lock. Default true. */
  readonly checkTrees?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The identity of an extension's content. What is installed from the lock has to be still what the lock
 * says, by the digest of the archive that it packs to.
 * @throws WORKSPACE_MODULE_MODIFIED
 */
export async function contentDigest(candidate: ModuleCandidate, options: TreeOptions): Promise<Digest> {
  const { dir, entry } = candidate;
  const tree = () => treeDigest(dir, { title: candidate.name, signal: options.signal });
  if (entry === undefined) return tree();
  const expected = 'path' in entry.source ? entry.source.tree : entry.layers[0]?.tar;
  if (expected !== undefined && options.checkTrees !== false) {
    const actual = await tree();
    const module = `${entry.kind} ${entry.name} ${entry.version}`;
    if (actual !== expected)
      throw new ProvError('WORKSPACE_MODULE_MODIFIED', { module, path: dir, expected, actual });
  }
  return 'path' in entry.source ? entry.source.tree : entry.manifest.digest;
}
