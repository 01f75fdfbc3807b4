import {
  type Digest,
  Digester,
  digestAlgorithm,
  digestHex,
  type FileSystem,
  openAtomicStream,
  ProvError,
} from '#base';
import { type Descriptor, type ImageIndex, isManifestType, MEDIA } from '#schemas';
import type { ByteProgress, ByteSource, ContentStore } from '../content-store.js';
import { countBytes } from '../count-bytes.js';
import { encodeTarHeader, TAR_END, type TarEntry, tarPadding } from '../tar/tar-header.js';
import { verifiedStream } from '../verified-stream.js';
import {
  encodeLayoutIndex,
  LAYOUT_MARKER,
  type LayoutNaming,
  withManifest,
  withTag,
} from './layout-index.js';
import { type LayoutContent, layoutView } from './layout-view.js';

export interface LayoutTarWriterOptions {
  readonly fileSystem?: FileSystem;
  /** How tags are written. Default: `namespace/name:tag`. */
  readonly naming?: LayoutNaming | undefined;
}

export interface FinishOptions {
  /** Annotations of the layout's index. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Called when a blob is in the file. */
  readonly onWritten?: (descriptor: Descriptor) => void;
  readonly onProgress?: (descriptor: Descriptor, progress: ByteProgress) => void;
}

/**
 * Collects content and writes it as one tar. Pushing into its repositories only notes where the bytes come
 * from, so that `copyGraph` fills it without a copy on disk; sources are read once, by `finish`.
 */
export interface LayoutTarWriter {
  repository(name: string): ContentStore;
  /** Writes the tar and returns its digest and size (bytes). The file appears only when it is complete. */
  finish(options?: FinishOptions): Promise<{ digest: Digest; size: number }>;
}

/**
 * A writer for a plain tar with an image layout. The bytes are a function of the content alone, whatever the
 * order it came in: `oci-layout`, `index.json`, blobs by digest, times 0.
 * @throws (from `finish`) what the sources throw, OCI_DIGEST_MISMATCH, OCI_SIZE_MISMATCH, BASE_DISK_FULL.
 */
export function createLayoutTarWriter(path: string, options: LayoutTarWriterOptions = {}): LayoutTarWriter {
  const label = `bundle:${path}`;
  const blobs = new Map<Digest, { descriptor: Descriptor; source: ByteSource }>();
  let index: ImageIndex = { schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests: [] };
  const content: LayoutContent = {
    label,
    index: () => index,
    size: async (digest) => blobs.get(digest)?.descriptor.size,
    async fetch(descriptor, call) {
      const blob = blobs.get(descriptor.digest);
      if (!blob) throw new ProvError('OCI_CONTENT_MISSING', { digest: descriptor.digest, where: label });
      return verifiedStream(blob.source(), descriptor, label, call?.signal);
    },
  };

  async function write(finish: FinishOptions): Promise<{ digest: Digest; size: number }> {
    const digester = new Digester();
    const file = openAtomicStream(path, options.fileSystem ? { fileSystem: options.fileSystem } : {});
    const put = async (bytes: Uint8Array) => {
      if (bytes.byteLength === 0) return;
      digester.update(bytes);
      await file.write(bytes);
    };
    const putHeader = (entry: Pick<TarEntry, 'path' | 'type' | 'size'>) => {
      const mode = entry.type === 'directory' ? 0o755 : 0o644;
      return put(encodeTarHeader({ ...entry, mode, mtime: 0 })!);
    };
    const putFile = async (name: string, bytes: Uint8Array) => {
      await putHeader({ path: name, type: 'file', size: bytes.byteLength });
      await put(bytes);
      await put(tarPadding(bytes.byteLength));
    };
    try {
      await putFile('oci-layout', Buffer.from(LAYOUT_MARKER));
      await putFile(
        'index.json',
        encodeLayoutIndex({ ...index, ...(finish.annotations && { annotations: finish.annotations }) }),
      );
      await putHeader({ path: 'blobs/', type: 'directory', size: 0 });
      let algorithm = '';
      for (const { descriptor, source } of [...blobs.values()].sort(byDigest)) {
        finish.signal?.throwIfAborted();
        if (digestAlgorithm(descriptor.digest) !== algorithm) {
          algorithm = digestAlgorithm(descriptor.digest);
          await putHeader({ path: `blobs/${algorithm}/`, type: 'directory', size: 0 });
        }
        await putHeader({
          path: `blobs/${algorithm}/${digestHex(descriptor.digest)}`,
          type: 'file',
          size: descriptor.size,
        });
        const counted = countBytes(source(), (progress) => finish.onProgress?.(descriptor, progress));
        for await (const chunk of verifiedStream(counted, descriptor, label, finish.signal)) await put(chunk);
        await put(tarPadding(descriptor.size));
        finish.onWritten?.(descriptor);
      }
      await put(TAR_END);
      await file.commit();
    } catch (error) {
      await file.abort();
      throw error;
    }
    return { digest: digester.digest(), size: digester.bytes };
  }

  return {
    repository(name) {
      return {
        ...layoutView(content, name),
        async push(descriptor, source, call) {
          call?.signal?.throwIfAborted();
          const { mediaType, digest, size, artifactType } = descriptor;
          const kept = { mediaType, digest, size, ...(artifactType && { artifactType }) };
          if (!blobs.has(digest)) blobs.set(digest, { descriptor: kept, source });
          if (isManifestType(mediaType)) index = withManifest(index, descriptor);
        },
        async tag(descriptor, tag, call) {
          call?.signal?.throwIfAborted();
          if (!blobs.has(descriptor.digest)) {
            throw new ProvError('OCI_CONTENT_MISSING', { digest: descriptor.digest, where: label });
          }
          index = withTag(index, { repository: name, tag, naming: options.naming }, descriptor);
        },
      };
    },
    finish: (finish = {}) => write(finish),
  };
}

function byDigest(a: { descriptor: Descriptor }, b: { descriptor: Descriptor }): number {
  return a.descriptor.digest < b.descriptor.digest ? -1 : 1;
}
