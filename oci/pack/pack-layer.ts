import { assertWithin, type Digest, Digester, type FileSystem, LIMITS, openAtomicFile } from '#base';
import { ANNOTATION, type Descriptor, MEDIA } from '#schemas';
import type { TreeEntry } from './collect-files.js';
import { gzipStream } from './gzip-stream.js';
import { type TarStreamOptions, tarStream } from './tar-stream.js';

export interface PackLayerOptions extends TarStreamOptions {
  readonly fileSystem?: FileSystem | undefined;
}

/**
 * Writes the archive of a tree to `output` in bounded memory and describes it by ORAS's directory
 * convention. The file appears under its name only when it is complete.
 * @throws BASE_DISK_FULL and what `tarStream` throws, leaving nothing behind.
 */
export async function packLayer(
  entries: readonly TreeEntry[],
  output: string,
  options: PackLayerOptions,
): Promise<{ descriptor: Descriptor; treeDigest: Digest }> {
  const tar = new Digester();
  const gzip = new Digester();
  async function* digested(): AsyncGenerator<Uint8Array> {
    for await (const chunk of tarStream(entries, options)) {
      tar.update(chunk);
      assertWithin(tar.bytes, LIMITS.unpackedBytes, 'the uncompressed archive');
      yield chunk;
    }
  }
  const file = openAtomicFile(output, {
    mode: 0o600,
    ...(options.fileSystem && { fileSystem: options.fileSystem }),
  });
  try {
    for await (const chunk of gzipStream(digested())) {
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
