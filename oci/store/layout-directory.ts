import { createReadStream, existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type Digest,
  digestAlgorithm,
  digestHex,
  type FileSystem,
  openAtomicFile,
  ProvError,
  writeError,
  writeFileAtomic,
} from '#base';
import { type Descriptor, type ImageIndex, isManifestType, MEDIA } from '#schemas';
import type { ByteSource, ContentStore, PushOptions } from '../content-store.js';
import { countedSource } from '../count-bytes.js';
import { readError } from '../reading.js';
import { sizedStream, verifiedStream } from '../verified-stream.js';
import { exclusively } from './exclusively.js';
import {
  encodeLayoutIndex,
  LAYOUT_MARKER,
  type LayoutNaming,
  layoutIndexReader,
  layoutName,
  withManifest,
  withTag,
} from './layout-index.js';
import { type LayoutContent, layoutRepositories, layoutView } from './layout-view.js';
import { assertTagFree, type TagPolicy, versionTagsAreImmutable } from './tag-policy.js';

export interface LayoutOptions {
  /** Makes the directory when it is not there. Default true. */
  readonly create?: boolean;
  readonly tagPolicy?: TagPolicy;
  /** How tags are written. Default: `namespace/name:tag`. */
  readonly naming?: LayoutNaming | undefined;
  readonly fileSystem?: FileSystem;
}

/** An OCI image layout that may hold many repositories. */
export interface OciLayout {
  readonly label: string;
  /** The store of `namespace/name`; '' for the bare tags that oras and skopeo write. */
  repository(name: string): ContentStore;
  repositories(): Promise<readonly string[]>;
  /** As it is now, annotations included. */
  index(): ImageIndex;
  close(): Promise<void>;
}

const READ_BYTES = 256 * 1024;

/**
 * Opens an image layout directory. Blobs are synced and appear under their name complete and verified;
 * `index.json` is replaced in one step, and writers in this process take turns. Every manifest is listed
 * there, so that referrers are found by any program.
 * @throws OCI_LAYOUT_INVALID when the directory holds something else.
 * @see OCI image-spec 1.1, image-layout.md
 */
export async function openOciLayout(directory: string, options: LayoutOptions = {}): Promise<OciLayout> {
  prepare(directory, options);
  const root = realpathSync(directory);
  const label = `oci-layout:${directory}`;
  const indexPath = join(root, 'index.json');
  const policy = options.tagPolicy ?? versionTagsAreImmutable;
  const fileOptions = options.fileSystem ? { fileSystem: options.fileSystem } : {};
  const content: LayoutContent = {
    label,
    index: layoutIndexReader(indexPath),
    size: (digest) => sizeOf(blobPath(root, digest)),
    async fetch(descriptor, call) {
      const path = blobPath(root, descriptor.digest);
      if ((await sizeOf(path)) === undefined) {
        throw new ProvError('OCI_CONTENT_MISSING', { digest: descriptor.digest, where: label });
      }
      return verifiedStream(
        createReadStream(path, { highWaterMark: READ_BYTES }),
        descriptor,
        label,
        call?.signal,
      );
    },
  };

  function changeIndex(change: (index: ImageIndex) => ImageIndex): Promise<void> {
    return exclusively(indexPath, async () => {
      const before = content.index();
      const after = change(before);
      if (after !== before) writeFileAtomic(indexPath, encodeLayoutIndex(after), fileOptions);
    });
  }

  async function writeBlob(descriptor: Descriptor, source: ByteSource, call?: PushOptions): Promise<void> {
    const path = blobPath(root, descriptor.digest);
    if ((await sizeOf(path)) === descriptor.size) return;
    makeDirectory(dirname(path));
    const file = openAtomicFile(path, { mode: 0o444, ...fileOptions });
    try {
      const counted = countedSource(source, call?.onProgress)();
      const check = call?.checked === true ? sizedStream : verifiedStream;
      for await (const chunk of check(counted, descriptor, label, call?.signal)) file.write(chunk);
      file.commit();
    } catch (error) {
      file.abort();
      throw error;
    }
  }

  return {
    label,
    repository(name) {
      const view = layoutView(content, name);
      return {
        ...view,
        async push(descriptor, source, call) {
          call?.signal?.throwIfAborted();
          await writeBlob(descriptor, source, call);
          if (isManifestType(descriptor.mediaType))
            await changeIndex((index) => withManifest(index, descriptor));
        },
        async tag(descriptor, tag, call) {
          call?.signal?.throwIfAborted();
          if (!(await view.exists(descriptor, call))) {
            throw new ProvError('OCI_CONTENT_MISSING', { digest: descriptor.digest, where: view.label });
          }
          await changeIndex((index) => {
            const holder = index.manifests.find((entry) => {
              const held = layoutName(entry);
              return held?.repository === name && held.tag === tag;
            });
            assertTagFree(tag, holder, descriptor, { policy, where: view.label });
            return holder?.digest === descriptor.digest
              ? index
              : withTag(index, { repository: name, tag, naming: options.naming }, descriptor);
          });
        },
      };
    },
    repositories: async () => layoutRepositories(content.index()),
    index: content.index,
    close: async () => {},
  };
}

function prepare(directory: string, options: LayoutOptions): void {
  const marker = join(directory, 'oci-layout');
  if (existsSync(marker)) {
    assertMarker(marker, directory);
    return;
  }
  if (options.create === false || existsSync(join(directory, 'index.json'))) {
    throw new ProvError('OCI_LAYOUT_INVALID', { path: directory, reason: 'it has no oci-layout file' });
  }
  makeDirectory(join(directory, 'blobs', 'sha256'));
  const fileOptions = options.fileSystem ? { fileSystem: options.fileSystem } : {};
  const empty: ImageIndex = { schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests: [] };
  writeFileAtomic(join(directory, 'index.json'), encodeLayoutIndex(empty), fileOptions);
  writeFileAtomic(marker, LAYOUT_MARKER, fileOptions);
}

function assertMarker(marker: string, directory: string): void {
  let version: unknown;
  try {
    version = (JSON.parse(readFileSync(marker, 'utf8')) as { imageLayoutVersion?: unknown })
      .imageLayoutVersion;
  } catch (error) {
    throw new ProvError(
      'OCI_LAYOUT_INVALID',
      { path: directory, reason: 'its oci-layout is no JSON' },
      { cause: error },
    );
  }
  if (version === '1.0.0') return;
  throw new ProvError('OCI_LAYOUT_INVALID', { path: directory, reason: `its version is ${String(version)}` });
}

function blobPath(root: string, digest: Digest): string {
  return join(root, 'blobs', digestAlgorithm(digest), digestHex(digest));
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const stats = await stat(path);
    return stats.isFile() ? stats.size : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw readError(path, error);
  }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw writeError(path, error);
  }
}
