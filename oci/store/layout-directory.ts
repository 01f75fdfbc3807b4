import { existsSync, readFileSync, realpathSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type FileSystem,
  log,
  makeDirectories,
  ProvError,
  writeFileAtomic,
  writeFileAtomicLater,
} from '#base';
import { type ImageIndex, isManifestType, MEDIA } from '#schemas';
import type { ContentStore } from '../content-store.js';
import { verifiedStream } from '../verified-stream.js';
import { exclusively } from './exclusively.js';
import { openLayoutBlobs } from './layout-blobs.js';
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
  /**
   * Small blobs and changes of the index wait for `flush`, which makes them durable together; until then only this
   * layout shows them. Larger blobs are written as they come. Default false.
   */
  readonly grouped?: boolean | undefined;
}

/** An OCI image layout that may hold many repositories. */
export interface OciLayout {
  readonly label: string;
  /** The store of `namespace/name`; '' for the bare tags that oras and skopeo write. */
  repository(name: string): ContentStore;
  repositories(): Promise<readonly string[]>;
  /** As it is now, annotations included. */
  index(): ImageIndex;
  /** What was pushed and tagged is there and durable. @throws BASE_DISK_FULL, BASE_FILE_UNWRITABLE */
  flush(): Promise<void>;
  /** Flushes what waits, without telling whether that worked: `flush` does. */
  close(): Promise<void>;
}

type IndexChange = (index: ImageIndex) => ImageIndex;

/**
 * Opens an image layout directory. Blobs are synced and appear under their name complete and verified;
 * `index.json` is replaced in one step, and writers in this process take turns. Every manifest is listed
 * there, so that referrers are found by any program.
 * @throws OCI_LAYOUT_INVALID when the directory holds something else.
 * @see OCI image-spec 1.1, image-layout.md
 */
export async function openOciLayout(directory: string, options: LayoutOptions = {}): Promise<OciLayout> {
  const made = prepare(directory, options);
  const root = realpathSync(directory);
  const label = `oci-layout:${directory}`;
  const indexPath = join(root, 'index.json');
  const policy = options.tagPolicy ?? versionTagsAreImmutable;
  const fileOptions = options.fileSystem ? { fileSystem: options.fileSystem } : {};
  const { grouped = false } = options;
  const blobs = openLayoutBlobs(root, { label, grouped, ...fileOptions });
  const readIndex = layoutIndexReader(indexPath);
  let waiting: readonly IndexChange[] = [];
  let seen:
    | { readonly from: ImageIndex; readonly changes: readonly IndexChange[]; readonly index: ImageIndex }
    | undefined;
  let broken: { readonly error: unknown } | undefined;

  const content: LayoutContent = {
    label,
    index() {
      const from = readIndex();
      if (seen?.from !== from || seen.changes !== waiting)
        seen = { from, changes: waiting, index: waiting.reduce((index, change) => change(index), from) };
      return seen.index;
    },
    size: blobs.size,
    async fetch(descriptor, call) {
      if ((await blobs.size(descriptor.digest)) === undefined)
        throw new ProvError('OCI_CONTENT_MISSING', { digest: descriptor.digest, where: label });
      return verifiedStream(blobs.read(descriptor.digest), descriptor, label, call?.signal);
    },
  };

  function assertWhole(): void {
    if (broken !== undefined) throw broken.error;
  }

  async function changeIndex(change: IndexChange): Promise<void> {
    if (grouped) {
      // Throws now when it cannot be made.
      const index = content.index();
      const after = change(index);
      if (after === index) return;
      const from = readIndex();
      waiting = [...waiting, change];
      seen = { from, changes: waiting, index: after };
      return;
    }
    await exclusively(indexPath, () => writeIndex([change]));
  }

  async function writeIndex(changes: readonly IndexChange[]): Promise<void> {
    const before = readIndex();
    const after = changes.reduce((index, change) => change(index), before);
    if (after !== before) await writeFileAtomicLater(indexPath, encodeLayoutIndex(after), fileOptions);
  }

  /** Blobs first, then the index that names them. */
  function flush(): Promise<void> {
    return exclusively(indexPath, async () => {
      assertWhole();
      const changes = waiting;
      try {
        await blobs.flush();
        await writeIndex(changes);
        waiting = waiting.slice(changes.length);
      } catch (error) {
        broken = { error };
        throw error;
      }
    });
  }

  return {
    label,
    repository(name) {
      const view = layoutView(content, name);
      return {
        ...view,
        async push(descriptor, source, call) {
          call?.signal?.throwIfAborted();
          assertWhole();
          await blobs.write(descriptor, source, call);
          if (isManifestType(descriptor.mediaType))
            await changeIndex((index) => withManifest(index, descriptor));
          if (blobs.isFull()) await flush();
        },
        async tag(descriptor, tag, call) {
          call?.signal?.throwIfAborted();
          assertWhole();
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
    flush,
    async close() {
      // What came before a failure is kept for the next try; the failure itself has been told.
      if (grouped && broken === undefined)
        await flush().catch((error: unknown) =>
          log.debug('a layout was left early', { reason: String(error) }),
        );
      await blobs.discard();
      if (made && readIndex().manifests.length === 0) removeEmpty(directory);
    },
  };
}

/** Makes the layout when there is none, and says whether it did. */
function prepare(directory: string, options: LayoutOptions): boolean {
  const marker = join(directory, 'oci-layout');
  if (existsSync(marker)) {
    assertMarker(marker, directory);
    return false;
  }
  if (options.create === false || existsSync(join(directory, 'index.json'))) {
    if (existsSync(directory))
      throw new ProvError('OCI_LAYOUT_INVALID', { path: directory, reason: 'it has no oci-layout file' });
    const hint = 'Check the path.';
    throw new ProvError('OCI_LAYOUT_INVALID', {
      path: directory,
      reason: 'there is no such directory',
      hint,
    });
  }
  const fileOptions = options.fileSystem ? { fileSystem: options.fileSystem } : {};
  makeDirectories(join(directory, 'blobs', 'sha256'), { durable: true, ...fileOptions });
  const empty: ImageIndex = { schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests: [] };
  writeFileAtomic(join(directory, 'index.json'), encodeLayoutIndex(empty), fileOptions);
  writeFileAtomic(marker, LAYOUT_MARKER, fileOptions);
  return true;
}

/** Takes away a layout that nothing came into: whoever asked for it got an error, and finds what was there before. */
function removeEmpty(directory: string): void {
  try {
    // Neither succeeds when there is anything inside.
    rmdirSync(join(directory, 'blobs', 'sha256'));
    rmdirSync(join(directory, 'blobs'));
    for (const name of ['index.json', 'oci-layout']) rmSync(join(directory, name), { force: true });
    rmdirSync(directory);
  } catch (error) {
    log.debug('a new layout stays', { path: directory, reason: (error as Error).message });
  }
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
