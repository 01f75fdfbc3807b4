import { setImmediate as breathe } from 'node:timers/promises';
import { type Digest, Digester } from '#base';
import { collectFiles } from '../pack/collect-files.js';
import { tarPieces } from '../pack/tar-pieces.js';

/** Read at a time; about 5 ms of small files. */
const PIECE_BYTES = 512 * 1024;

export interface TreeDigestOptions {
  /** The extension's name. */
  readonly title: string;
  /** Seconds since 1970 in the archive: 0 unless the artifact was packed with `SOURCE_DATE_EPOCH`. */
  readonly mtime?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The digest of the uncompressed archive that packing all of `dir` would give. For an extension that prov
 * packed it equals the layer's `io.deis.oras.content.digest` until someone edits, adds or removes a file.
 * @throws OCI_PACK_REFUSED when a link or special file was put there.
 */
export async function treeDigest(dir: string, options: TreeDigestOptions): Promise<Digest> {
  const digester = new Digester();
  for (const piece of tarPieces(collectFiles(dir), options, PIECE_BYTES)) {
    options.signal?.throwIfAborted();
    digester.update(piece);
    await breathe();
  }
  return digester.digest();
}
