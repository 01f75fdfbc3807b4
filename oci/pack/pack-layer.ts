import { setImmediate as breathe } from 'node:timers/promises';
import {
  assertWithin,
  type Digest,
  Digester,
  type FileSystem,
  LIMITS,
  openAtomicFile,
  unsyncedFileSystem,
} from '#base';
import { ANNOTATION, type Descriptor, MEDIA } from '#schemas';
import type { TreeEntry } from './collect-files.js';
import { gzipPieces, PIECE_BYTES } from './gzip-pieces.js';
import { type TarOptions, tarPieces } from './tar-pieces.js';

export interface PackLayerOptions extends TarOptions {
  readonly fileSystem?: FileSystem | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes the archive of a tree to `output` in bounded memory and describes it by ORAS's directory
 * convention. The file appears under its name only when it is complete.
 * @throws BASE_DISK_FULL and what `tarPieces` throws, leaving nothing behind.
 */
export async function packLayer(
  entries: readonly TreeEntry[],
  output: string,
  options: PackLayerOptions,
): Promise<{ descriptor: Descriptor; treeDigest: Digest }> {
  const expectedBytes = entries.reduce((sum, { size }) => sum + size, 0);
  const tar = new Digester();
  const gzip = new Digester();
  async function* digested(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (const piece of tarPieces(entries, options, PIECE_BYTES)) {
      options.signal?.throwIfAborted();
      tar.update(piece);
      assertWithin(tar.bytes, LIMITS.unpackedBytes, 'the uncompressed archive');
      yield piece;
      await breathe();
    }
  }
  const file = openAtomicFile(output, {
    mode: 0o600,
    // It is gone after a power cut anyway: what is packed goes somewhere else at once.
    fileSystem: options.fileSystem ?? unsyncedFileSystem,
  });
  try {
    for await (const chunk of gzipPieces(digested(), { expectedBytes })) {
      gzip.update(chunk);
      file.write(chunk);
    }
    file.commit();
  } catch (error) {
    file.abort();
    throw error;
  }
  const treeDigest = tar.digest();
  const annotations = {
    [ANNOTATION.orasDigest]: treeDigest,
    [ANNOTATION.orasUnpack]: 'true',
    [ANNOTATION.title]: options.title,
  };
  const descriptor = {
    mediaType: MEDIA.ociLayerTarGzip,
    digest: gzip.digest(),
    size: gzip.bytes,
    annotations,
  };
  return { descriptor, treeDigest };
}
