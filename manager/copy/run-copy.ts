import { type Digest, isDigest, isProvError, ProvError, Turns } from '#base';
import {
  BlobTraffic,
  boundedEach,
  type ContentStore,
  type CopyResult,
  copyGraph,
  discoverGraph,
  EMPTY_DESCRIPTOR,
  hasManifests,
  listSideTags,
  type MountingStore,
  type ReadStore,
  type SideTags,
  type TaggingStore,
  type UncertainReferrers,
} from '#oci';
import { type Descriptor, isManifestType } from '#schemas';
import type { ManagerContext } from '../context.js';
import type { Rehearsed } from '../transfer/rehearsed.js';
import type { TransferReport } from '../transfer/report-transfer.js';
import { askLess } from './ask-less.js';

/** One thing to copy: a tag or a digest of the source, and the tag it gets. */
export interface CopyItem {
  readonly source: ReadStore;
  /** Tag or digest. */
  readonly from: string;
  readonly target: ContentStore & Partial<MountingStore & TaggingStore>;
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

/** Small things wait more for answers than they move bytes. */
const ITEMS_AT_ONCE = 6;
/** From so many things on, one question about the whole target saves more than it costs. */
const MANY_ITEMS = 8;
/** Blobs of one thing at once, where several things are copied at once. */
const BLOBS_OF_EACH = 2;

interface Outcome {
  readonly digest: Digest;
  readonly result: CopyResult;
}

/**
 * Copies several things at a time; each is complete before its tag is set. Without `keepGoing` the first
 * failure ends it; with `checkFirst` nothing has been written then when a source is damaged. The summary is in
 * the order of the items.
 */
export async function runCopy(
  items: readonly CopyItem[],
  options: RunCopyOptions,
  context: ManagerContext,
): Promise<CopySummary> {
  const outcomes = await copyAll(items, options, context);
  const done: CopiedItem[] = [];
  const results: CopyResult[] = [];
  items.forEach((item, i) => {
    const outcome = outcomes[i]!;
    if (isProvError(outcome)) {
      const { code, message } = outcome;
      done.push({ ...named(item), copied: 0, skipped: 0, bytes: 0, error: { code, message } });
      return;
    }
    const { digest, result } = outcome;
    results.push(result);
    const { copied, skipped, bytes } = result;
    done.push({ ...named(item), digest, copied, skipped, bytes });
  });
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

async function copyAll(
  items: readonly CopyItem[],
  options: RunCopyOptions,
  context: ManagerContext,
): Promise<readonly (Outcome | ProvError)[]> {
  const { signal } = context;
  const sideTags = sideTagsOnce(options, signal);
  const bad = options.checkFirst
    ? await checkSources(items, { ...options, sideTags }, context)
    : new Map<CopyItem, unknown>();
  const outcomes: (Outcome | ProvError)[] = [];
  const byRoot = new Turns<Digest>();
  const jobs = items.map((item, i) => ({ item, i }));
  // A dry run tells its requests in order.
  const inTurn = context.rehearsal !== undefined || shareTags(items);
  const concurrency = inTurn ? 1 : Math.min(items.length, ITEMS_AT_ONCE);
  const targets = await targetsOf(items, signal);
  const traffic = new Map(items.map(({ target }) => [target, new BlobTraffic()]));
  await boundedEach(jobs, { concurrency, signal }, async ({ item, i }, inner) => {
    try {
      if (bad.has(item)) throw bad.get(item);
      const { source, from, expect } = item;
      // The manifest is needed anyway, and kept by whoever fetched it.
      const root = hasManifests(source)
        ? (await source.fetchManifest(from, { signal: inner })).descriptor
        : await source.resolve(from, { signal: inner });
      if (expect !== undefined && expect !== root.digest)
        throw new ProvError('OCI_DIGEST_MISMATCH', {
          expected: expect,
          actual: root.digest,
          where: source.label,
        });
      const copying = {
        ...options,
        sideTags,
        concurrency: context.rehearsal ? 1 : concurrency === 1 ? undefined : BLOBS_OF_EACH,
        traffic: traffic.get(item.target),
      };
      // Two tags of one thing bring the same content: what the first has brought, the second finds.
      const result = await byRoot.take(root.digest, () =>
        copyOne({ ...item, target: targets.get(item.target) ?? item.target }, root, copying, {
          ...context,
          signal: inner,
        }),
      );
      outcomes[i] = { digest: root.digest, result };
    } catch (error) {
      if (!options.keepGoing || inner.aborted || !isProvError(error)) throw error;
      outcomes[i] = error;
    }
  });
  return outcomes;
}

type Target = CopyItem['target'];

/** For targets on registries that get many things: how they are asked. */
async function targetsOf(
  items: readonly CopyItem[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<Target, Target>> {
  const targets = new Map<Target, Target>();
  if (items.length < MANY_ITEMS) return targets;
  for (const { target } of items)
    if (target.pushTagged !== undefined && !targets.has(target))
      targets.set(target, await askLess(target, signal));
  return targets;
}

/** Which of two things under one name is there in the end is decided by their order. */
function shareTags(items: readonly CopyItem[]): boolean {
  const names = items.map((item) => named(item).to);
  return new Set(names).size < names.length;
}

type SideTagsOf = (source: ReadStore) => Promise<SideTags> | false;

/** The side tags of a source are listed once for all that is copied from it. */
function sideTagsOnce({ referrers }: RunCopyOptions, signal: AbortSignal | undefined): SideTagsOf {
  const known = new Map<ReadStore, Promise<SideTags>>();
  return (source) => {
    if (!referrers) return false;
    const listed = known.get(source) ?? listSideTags(source, signal);
    known.set(source, listed);
    return listed;
  };
}

/** What is wrong with which item. Without `keepGoing` the first thing that is wrong is thrown. */
async function checkSources(
  items: readonly CopyItem[],
  { referrers, keepGoing, sideTags }: RunCopyOptions & { readonly sideTags: SideTagsOf },
  { signal }: ManagerContext,
): Promise<ReadonlyMap<CopyItem, unknown>> {
  const bad = new Map<CopyItem, unknown>();
  const sound = new Set<Digest>();
  for (const item of items) {
    try {
      const root = await item.source.resolve(item.from, { signal });
      const follow = { referrers, sideTags: await sideTags(item.source), signal };
      const { blobs } = await discoverGraph(item.source, [root], follow);
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

interface Copying extends RunCopyOptions {
  readonly traffic: BlobTraffic | undefined;
  readonly sideTags: SideTagsOf;
  readonly concurrency: number | undefined;
}

async function copyOne(
  { source, target, tag, mountFrom, origin }: CopyItem,
  root: Descriptor,
  { referrers, report, sideTags, concurrency, traffic }: Copying,
  { signal, rehearsal }: Pick<ManagerContext, 'signal' | 'rehearsal'>,
): Promise<CopyResult> {
  return copyGraph(source, target, [root], {
    traffic,
    referrers,
    sideTags: await sideTags(source),
    signal,
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(mountFrom === undefined ? {} : { mountFrom }),
    ...(tag === undefined ? {} : { tags: new Map([[root.digest, [tag]]]) }),
    onEvent(event) {
      if (event.type === 'copied' && origin !== undefined && isFetched(event.descriptor))
        rehearsal?.leaveOut({ ...origin, ...event.descriptor });
      report.onCopyEvent(event);
    },
  });
}

/** Manifests were read to find what to copy, and some content is known from its descriptor. */
function isFetched({ mediaType, digest, data }: Descriptor): boolean {
  return !isManifestType(mediaType) && data === undefined && digest !== EMPTY_DESCRIPTOR.digest;
}

function named({ source, from, target, tag }: CopyItem) {
  const at = (reference: string) => (isDigest(reference) ? `@${reference}` : `:${reference}`);
  return { from: `${source.label}${at(from)}`, to: `${target.label}${at(tag ?? from)}` };
}
