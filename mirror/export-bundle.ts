import type { Digest } from '#base';
import {
  type ByteProgress,
  bytesSource,
  copyGraph,
  createLayoutTarWriter,
  type LayoutTarWriter,
  type ReadStore,
} from '#oci';
import type { Descriptor, Lock } from '#schemas';
import { type BundleFile, type BundleManifest, buildBundleManifest } from './bundle-format.js';
import { assertFree, freeBytes, tarBytes } from './free-space.js';
import { assertProof, groupRoots, type LockRoot, lockRoots } from './lock-roots.js';

export type ExportEvent =
  | { readonly type: 'collected'; readonly repository: string; readonly extensions: number }
  | { readonly type: 'planned'; readonly contents: number; readonly bytes: number }
  | { readonly type: 'progress'; readonly descriptor: Descriptor; readonly progress: ByteProgress }
  | { readonly type: 'written'; readonly descriptor: Descriptor };

export interface ExportOptions {
  readonly lock: Lock;
  /** Where the content of a repository is; the second argument is the registry's id in the lock. */
  readonly source: (repository: string, registry: string) => ReadStore;
  /** Path of the bundle; replaced as one step. */
  readonly output: string;
  /** Trust policy, trusted root and the like, carried beside the lock. */
  readonly trustMaterial?: readonly BundleFile[];
  /** Free bytes at the output. Default: asks the file system. */
  readonly freeBytes?: (path: string) => Promise<number>;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: (event: ExportEvent) => void;
}

export interface ExportResult {
  readonly file: string;
  /** Of the whole file: equal for the same lock and the same content of the registries. */
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** Sorted. */
  readonly repositories: readonly string[];
  readonly extensions: number;
  /** Manifests and blobs in the file. */
  readonly contents: number;
}

/**
 * Writes the closure of a lock, with referrers, side tags and the lock itself, as one plain OCI layout tar.
 * Blobs stream from the source into the file, once each; the file is there complete or not at all.
 * @throws MIRROR_SOURCE_LOCAL, MIRROR_LOCK_AMBIGUOUS, MIRROR_PROOF_MISSING, BASE_DISK_FULL before writing;
 *   OCI_* for what the sources miss or give wrongly.
 */
export async function exportBundle(options: ExportOptions): Promise<ExportResult> {
  const { lock, output, signal, onEvent } = options;
  const roots = lockRoots(lock);
  const writer = createLayoutTarWriter(output);
  const sizes = new Map<Digest, number>();
  for (const group of groupRoots(roots)) {
    await collectGroup(writer, group, { ...options, sizes });
    onEvent?.({ type: 'collected', repository: group[0]!.repository, extensions: group.length });
  }
  const bundle = buildBundleManifest(lock, options.trustMaterial ?? []);
  await addBundleManifest(writer, bundle, sizes);
  assertFree(output, tarBytes(sizes.values()), await (options.freeBytes ?? freeBytes)(output));
  const bytes = [...sizes.values()].reduce((total, size) => total + size, 0);
  onEvent?.({ type: 'planned', contents: sizes.size, bytes });
  const { digest, size } = await writer.finish({
    annotations: bundle.indexAnnotations,
    signal,
    onProgress: (descriptor, progress) => onEvent?.({ type: 'progress', descriptor, progress }),
    onWritten: (descriptor) => onEvent?.({ type: 'written', descriptor }),
  });
  const repositories = [...new Set(roots.map(({ repository }) => repository))];
  return { file: output, digest, size, repositories, extensions: roots.length, contents: sizes.size };
}

interface Collect extends ExportOptions {
  /** Grows by what goes into the file. */
  readonly sizes: Map<Digest, number>;
}

/** Notes the closure of some roots of one repository in the writer; no blob is read yet. */
async function collectGroup(
  writer: LayoutTarWriter,
  roots: readonly LockRoot[],
  options: Collect,
): Promise<void> {
  const { repository, registry } = roots[0]!;
  const from = options.source(repository, registry);
  const carried = new Set<Digest>();
  const descriptors = roots.map(({ descriptor }) => descriptor);
  await copyGraph(from, writer.repository(repository), descriptors, {
    tags: tagsByDigest(roots),
    signal: options.signal,
    onEvent: (event) => {
      if (event.type === 'planned') return;
      carried.add(event.descriptor.digest);
      options.sizes.set(event.descriptor.digest, event.descriptor.size);
    },
  });
  for (const root of roots) assertProof(root, carried, from.label);
}

/** The tags of each root. */
function tagsByDigest(roots: readonly LockRoot[]): ReadonlyMap<Digest, readonly string[]> {
  const tags = new Map<Digest, string[]>();
  for (const { descriptor, tag } of roots)
    tags.set(descriptor.digest, [...(tags.get(descriptor.digest) ?? []), tag]);
  return tags;
}

async function addBundleManifest(
  writer: LayoutTarWriter,
  bundle: BundleManifest,
  sizes: Map<Digest, number>,
): Promise<void> {
  const store = writer.repository('');
  for (const { descriptor, bytes } of [...bundle.blobs, bundle]) {
    await store.push(descriptor, bytesSource(bytes));
    sizes.set(descriptor.digest, descriptor.size);
  }
}
