import { type Digest, isDigest, isProvError, ProvError, toProvError } from '#base';
import {
  type ContentStore,
  type CopyResult,
  copyGraph,
  discoverGraph,
  type MountingStore,
  type ReadStore,
  type UncertainReferrers,
} from '#oci';
import { type Descriptor, isManifestType } from '#schemas';
import type { ManagerContext } from '../context.js';
import type { Rehearsed } from '../transfer/rehearsed.js';
import type { TransferReport } from '../transfer/report-transfer.js';

/** One thing to copy: a tag or a digest of the source, and the tag it gets. */
export interface CopyItem {
  readonly source: ReadStore;
  /** Tag or digest. */
  readonly from: string;
  readonly target: ContentStore & Partial<MountingStore>;
  /** Without one, only the content is copied. */
  readonly tag?: string | undefined;
  /** The digest that must be found. */
  readonly expect?: Digest | undefined;
  /** Repository to mount blobs from, when source and target are on one registry. */
  readonly mountFrom?: string | undefined;
  /** Where blobs come from, when that is a registry. */
  readonly origin?: { readonly host: string; readonly repository: string } | undefined;
}

export interface RunCopyOptions {
  readonly referrers: boolean;
  readonly keepGoing: boolean;
  /** Reads and checks every byte of the sources before the first write; for sources that are at hand. */
  readonly checkFirst?: boolean | undefined;
  readonly report: TransferReport;
}

export interface CopiedItem {
  readonly from: string;
  readonly to: string;
  readonly digest?: Digest;
  readonly copied: number;
  readonly skipped: number;
  /** Sent, or to be sent. */
  readonly bytes: number;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface CopySummary extends Rehearsed {
  readonly items: readonly CopiedItem[];
  readonly copied: number;
  readonly skipped: number;
  readonly bytes: number;
  readonly tagged: readonly string[];
  readonly failed: number;
  readonly uncertain: readonly UncertainReferrers[];
  readonly dryRun: boolean;
}

/**
 * Copies one thing after the other; each is complete before its tag is set. Without `keepGoing` the first
 * failure ends it; with `checkFirst` nothing has been written then when a source is damaged.
 */
export async function runCopy(
  items: readonly CopyItem[],
  options: RunCopyOptions,
  context: ManagerContext,
): Promise<CopySummary> {
  const done: CopiedItem[] = [];
  const results: CopyResult[] = [];
  const bad = options.checkFirst === true ? await checkSources(items, options, context) : new Map();
  for (const item of items) {
    context.signal?.throwIfAborted();
    try {
      if (bad.has(item)) throw bad.get(item);
      const { digest, result } = await copyOne(item, options, context);
      results.push(result);
      const { copied, skipped, bytes } = result;
      done.push({ ...named(item), digest, copied, skipped, bytes });
    } catch (error) {
      if (!options.keepGoing || context.signal?.aborted) throw error;
      const failure = toProvError(error);
      if (!isProvError(error)) throw error;
      const { code, message } = failure;
      done.push({ ...named(item), copied: 0, skipped: 0, bytes: 0, error: { code, message } });
    }
  }
  const sum = (count: (result: CopyResult) => number) =>
    results.reduce((total, each) => total + count(each), 0);
  return {
    items: done,
    copied: sum(({ copied }) => copied),
    skipped: sum(({ skipped }) => skipped),
    bytes: sum(({ bytes }) => bytes),
    tagged: results.flatMap(({ tagged }) => tagged),
    failed: done.filter(({ error }) => error !== undefined).length,
    uncertain: results.flatMap(({ uncertain }) => uncertain),
    dryRun: context.rehearsal !== undefined,
  };
}

/** What is wrong with which item. Without `keepGoing` the first thing that is wrong is thrown. */
async function checkSources(
  items: readonly CopyItem[],
  { referrers, keepGoing }: RunCopyOptions,
  { signal }: ManagerContext,
): Promise<ReadonlyMap<CopyItem, unknown>> {
  const bad = new Map<CopyItem, unknown>();
  const sound = new Set<Digest>();
  for (const item of items) {
    try {
      const root = await item.source.resolve(item.from, { signal });
      const { blobs } = await discoverGraph(item.source, [root], { referrers, sideTags: referrers, signal });
      for (const blob of blobs) {
        if (sound.has(blob.digest)) continue;
        // What a layout leaves out may be at the target already.
        if (!(await item.source.exists(blob, { signal })) && (await item.target.exists(blob, { signal })))
          continue;
        for await (const _ of await item.source.fetch(blob, { signal }));
        sound.add(blob.digest);
      }
    } catch (error) {
      if (!keepGoing || signal?.aborted) throw error;
      bad.set(item, error);
    }
  }
  return bad;
}

async function copyOne(
  { source, from, target, tag, expect, mountFrom, origin }: CopyItem,
  { referrers, report }: RunCopyOptions,
  { signal, rehearsal }: ManagerContext,
): Promise<{ readonly digest: Digest; readonly result: CopyResult }> {
  const root = await source.resolve(from, { signal });
  if (expect !== undefined && expect !== root.digest)
    throw new ProvError('OCI_DIGEST_MISMATCH', {
      expected: expect,
      actual: root.digest,
      where: source.label,
    });
  const result = await copyGraph(source, target, [root], {
    referrers,
    sideTags: referrers,
    signal,
    ...(mountFrom === undefined ? {} : { mountFrom }),
    ...(tag === undefined ? {} : { tags: new Map([[root.digest, [tag]]]) }),
    onEvent(event) {
      if (event.type === 'copied' && origin !== undefined && isFetched(event.descriptor))
        rehearsal?.leaveOut({ ...origin, ...event.descriptor });
      report.onCopyEvent(event);
    },
  });
  return { digest: root.digest, result };
}

/** Manifests were read to find what to copy, and some content is in its descriptor. */
function isFetched({ mediaType, data }: Descriptor): boolean {
  return !isManifestType(mediaType) && data === undefined;
}

function named({ source, from, target, tag }: CopyItem) {
  const at = (reference: string) => (isDigest(reference) ? `@${reference}` : `:${reference}`);
  return { from: `${source.label}${at(from)}`, to: `${target.label}${at(tag ?? from)}` };
}
