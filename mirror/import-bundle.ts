import { ProvError } from '#base';
import { type ContentStore, type CopyEvent, copyGraph, fetchBytes, type ReadStore } from '#oci';
import { formatLock, type Lock } from '#schemas';
import type { BundleFile } from './bundle-format.js';
import type { LockRoot } from './lock-roots.js';
import { type Bundle, type BundleSummary, openBundle, verifyBundle } from './open-bundle.js';
import { isTagNeeded, type WantedTag } from './side-tag-plan.js';

/** An extension of a bundle, ready to be judged: its bytes and everything that belongs to it. */
export interface BundledExtension extends LockRoot {
  readonly manifestBytes: Uint8Array;
  /** Config, layers, signatures and other referrers can be read from it; it is the bundle, not the target. */
  readonly store: ReadStore;
  readonly files: readonly BundleFile[];
}

export type ImportEvent =
  | { readonly type: 'verified'; readonly extensions: number; readonly bytes: number }
  | { readonly type: 'content'; readonly repository: string; readonly event: CopyEvent }
  | { readonly type: 'tagged'; readonly repository: string; readonly tag: string };

export interface ImportOptions {
  readonly file: string;
  readonly target: (repository: string) => ContentStore;
  /** Judges each extension before the first write, for example its signature; throwing stops the import. */
  readonly verify?: (extension: BundledExtension) => Promise<void>;
  /** The lock that the bundle has to be made from. */
  readonly expected?: Lock;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: (event: ImportEvent) => void;
}

export interface ImportResult {
  readonly lock: Lock;
  readonly extensions: number;
  readonly repositories: readonly string[];
  /** Pieces of content written, and those that were there. */
  readonly copied: number;
  readonly skipped: number;
  /** Bytes written. */
  readonly bytes: number;
  /** `repository:tag` of each tag that was set. */
  readonly tagged: readonly string[];
}

/**
 * Brings the content of a bundle into a registry. Everything is verified before the first write: digests,
 * completeness, the tags at the target, and what `verify` checks. Then blobs, manifests, referrers, and all
 * tags last of all. A second import moves nothing; an interrupted one is completed by running it again.
 * @throws MIRROR_BUNDLE_INVALID, MIRROR_BUNDLE_FOREIGN, MIRROR_LOCK_DIFFERS, MIRROR_TAG_CONFLICT, and what
 *   `verify` throws, with nothing written; OCI_* for what the target refuses.
 */
export async function importBundle(options: ImportOptions): Promise<ImportResult> {
  const { signal, onEvent } = options;
  const bundle = await openBundle(options.file, signal);
  try {
    assertExpected(bundle, options.expected);
    const { bytes, sideTags } = await verifyBundle(bundle, signal);
    const tags = await planTags(bundle, sideTags, options);
    await judge(bundle, options);
    const extensions = bundle.groups.flat().length;
    onEvent?.({ type: 'verified', extensions, bytes });
    return { lock: bundle.content.lock, extensions, ...(await write(bundle, { tags, sideTags }, options)) };
  } finally {
    await bundle.close();
  }
}

function assertExpected({ file, content }: Bundle, expected: Lock | undefined): void {
  if (expected === undefined || formatLock(expected) === formatLock(content.lock)) return;
  throw new ProvError('MIRROR_LOCK_DIFFERS', { file, expected: 'the one given' });
}

async function judge(bundle: Bundle, { verify, signal }: ImportOptions): Promise<void> {
  if (verify === undefined) return;
  for (const root of bundle.groups.flat()) {
    signal?.throwIfAborted();
    const store = bundle.repository(root.repository);
    const manifestBytes = await fetchBytes(store, root.descriptor, { signal });
    await verify({ ...root, manifestBytes, store, files: bundle.content.files });
  }
}

type SideTags = BundleSummary['sideTags'];

/** The tags to set, side tags first: a version becomes visible when its signatures are. */
async function planTags(
  bundle: Bundle,
  sideTags: SideTags,
  { target, signal }: ImportOptions,
): Promise<readonly WantedTag[]> {
  const side = [...sideTags].flatMap(([repository, tags]) =>
    [...tags].map(([tag, descriptor]) => ({ repository, tag, descriptor })),
  );
  const versions = bundle.groups
    .flat()
    .map(({ repository, tag, descriptor }) => ({ repository, tag, descriptor }));
  const needed: WantedTag[] = [];
  for (const wanted of [...side, ...versions]) {
    const { repository } = wanted;
    if (await isTagNeeded(wanted, bundle.repository(repository), target(repository), signal))
      needed.push(wanted);
  }
  return needed;
}

interface WritePlan {
  readonly tags: readonly WantedTag[];
  readonly sideTags: SideTags;
}

type Written = Omit<ImportResult, 'lock' | 'extensions'>;

async function write(
  bundle: Bundle,
  plan: WritePlan,
  { target, signal, onEvent }: ImportOptions,
): Promise<Written> {
  const sum = { copied: 0, skipped: 0, bytes: 0 };
  for (const group of bundle.groups) {
    const { repository } = group[0]!;
    // Side tags are roots here, so that no tag is set before the content of every repository is there.
    const roots = [
      ...group.map(({ descriptor }) => descriptor),
      ...(plan.sideTags.get(repository)?.values() ?? []),
    ];
    const { copied, skipped, bytes } = await copyGraph(
      bundle.repository(repository),
      target(repository),
      roots,
      {
        sideTags: false,
        signal,
        onEvent: (event) => onEvent?.({ type: 'content', repository, event }),
      },
    );
    sum.copied += copied;
    sum.skipped += skipped;
    sum.bytes += bytes;
  }
  const tagged: string[] = [];
  for (const { repository, tag, descriptor } of plan.tags) {
    signal?.throwIfAborted();
    await target(repository).tag(descriptor, tag, { signal });
    tagged.push(`${repository}:${tag}`);
    onEvent?.({ type: 'tagged', repository, tag });
  }
  const repositories = [...new Set(bundle.groups.map((group) => group[0]!.repository))];
  return { repositories, ...sum, tagged };
}
