import type { Digest } from '#base';
import type { Descriptor } from '#schemas';
import { collectFiles } from './collect-files.js';
import { packLayer } from './pack-layer.js';
import { sourceDateEpoch } from './source-date-epoch.js';

/**
 * Writes the archive of any directory to `output`, reproducibly and in ORAS's form: every entry under `title`.
 * @throws OCI_PACK_REFUSED for links and special files; BASE_DISK_FULL
 */
export async function packTree(
  dir: string,
  output: string,
  options: { readonly title: string; readonly signal?: AbortSignal | undefined },
): Promise<{ readonly descriptor: Descriptor; readonly treeDigest: Digest }> {
  const mtime = sourceDateEpoch(process.env);
  return packLayer(collectFiles(dir), output, { ...options, mtime });
}
