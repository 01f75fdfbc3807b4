import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson, type JsonValue, ProvError } from '#base';
import type { RemoteRegistry, RemoteRepository } from '#oci';
import { compareVersions, type IndexDocument, type IndexEntry } from '#schemas';
import { type DescribeOptions, describeVersion } from './describe-version.js';
import { readIndexArtifact, replaceIndexArtifact } from './index-artifact.js';
import { askEndpoint } from './index-endpoint.js';
import { joinIndex } from './join-index.js';

/** Tries to write an index that others write too. */
export const INDEX_TRIES = 5;
/** Longest pause before the second try; it doubles with each further one. */
const PAUSE_MS = 250;
/**
 * Wait before the reading back. A writer that read the index before we wrote it, on a registry that knows no
 * conditions, has written over ours by then.
 */
const SETTLE_MS = 100;
/** Versions that others left out of the index and that one publish adds. */
const MAX_REPAIRS = 50;

export interface UpdateIndexOptions extends DescribeOptions {
  /** Versions to describe anew. */
  readonly versions: readonly string[];
  /** Versions that were deleted: their entries go, unless they have a tag after all. */
  readonly gone?: readonly string[] | undefined;
  /** RFC 3339; for versions that the index did not have. */
  readonly publishedAt?: string | undefined;
}

export interface IndexUpdate {
  /** `endpoint`: the registry keeps its index itself. */
  readonly by: 'endpoint' | 'artifact' | 'nobody';
  readonly tries: number;
  /** Why there is no index, or not this version in it. Nothing else fails for that. */
  readonly problem?: string;
}

/**
 * Brings the index under `_index` up to date on a registry that does not serve one itself: entries are joined with
 * those of others by version, on condition that nobody wrote in between, read back, and tried five times at most.
 * Versions that have a tag and no entry are added. Never fails what it is called for: a problem is told.
 * @throws only the reason of an aborted `signal`.
 */
export async function updateIndex(
  registry: RemoteRegistry,
  options: UpdateIndexOptions,
): Promise<IndexUpdate> {
  const { signal, repository } = options;
  let tries = 0;
  try {
    if ((await askEndpoint(registry, repository, { signal })) !== 'no-endpoint')
      return { by: 'endpoint', tries: 0 };
    const store = registry.repository(repository);
    const own = await Promise.all(
      options.versions.map((version) => describeVersion(store, version, options)),
    );
    for (tries = 1; tries <= INDEX_TRIES; tries += 1) {
      if (tries > 1) await sleep(Math.random() * PAUSE_MS * 2 ** (tries - 2), undefined, { signal });
      if (await writeOnce(store, own, options)) return { by: 'artifact', tries };
    }
    // Whoever was faster may have added ours with theirs.
    if (holds((await readIndexArtifact(store, signal))?.document.entries ?? [], own))
      return { by: 'artifact', tries: INDEX_TRIES };
    return {
      by: 'nobody',
      tries: INDEX_TRIES,
      problem: 'others wrote the index at the same time, again and again',
    };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (!(error instanceof ProvError)) throw error;
    return { by: 'nobody', tries, problem: error.message };
  }
}

/** True when what we wanted is there after a while. */
async function writeOnce(
  store: RemoteRepository,
  own: readonly IndexEntry[],
  options: UpdateIndexOptions,
): Promise<boolean> {
  const { signal, repository, publishedAt } = options;
  const before = await readable(store, signal);
  const known = before.document?.entries ?? [];
  const dated = own.map((entry) => withDate(entry, known, publishedAt));
  const joined = joinIndex(before.document, await store.list({ signal }));
  const missing = joined.unlisted
    .filter((version) => !own.some((entry) => entry.version === version))
    .slice(0, MAX_REPAIRS);
  const repaired = await Promise.all(missing.map((version) => optional(store, version, options)));
  const gone = new Set(joined.dropped.filter((version) => options.gone?.includes(version)));
  const kept = known.filter(({ version }) => !gone.has(version));
  const entries = mergeEntries(kept, [...repaired.flatMap((entry) => entry ?? []), ...dated]);
  if (sameEntries(known, entries)) return true;
  const document: IndexDocument = { ...before.document, v: 1, repository, entries };
  if (!(await replaceIndexArtifact(store, document, before.state, signal))) return false;
  await sleep(SETTLE_MS, undefined, { signal });
  const after = (await readIndexArtifact(store, signal))?.document.entries ?? [];
  return holds(after, dated);
}

function holds(entries: readonly IndexEntry[], wanted: readonly IndexEntry[]): boolean {
  const text = ({ version, digest, state }: IndexEntry) => `${version} ${digest} ${state}`;
  const known = new Set(entries.map(text));
  return wanted.every((each) => known.has(text(each)));
}

/** An index that cannot be read is written anew; it is a cache. */
async function readable(store: RemoteRepository, signal: AbortSignal | undefined) {
  try {
    return (await readIndexArtifact(store, signal)) ?? { document: undefined, state: undefined };
  } catch (error) {
    if (!(error instanceof ProvError) || error.code !== 'SCHEMAS_WIRE_INVALID') throw error;
    return { document: undefined, state: await store.readTag('_index', { signal }) };
  }
}

/** A version that somebody else published; what is wrong with it is not our matter. */
async function optional(
  store: RemoteRepository,
  version: string,
  options: DescribeOptions,
): Promise<IndexEntry | undefined> {
  try {
    return await describeVersion(store, version, options);
  } catch (error) {
    if (options.signal?.aborted || !(error instanceof ProvError)) throw error;
    return undefined;
  }
}

function withDate(
  entry: IndexEntry,
  known: readonly IndexEntry[],
  publishedAt: string | undefined,
): IndexEntry {
  const before = known.find(({ version, digest }) => version === entry.version && digest === entry.digest);
  const at = before?.publishedAt ?? publishedAt;
  return at === undefined ? entry : { ...entry, publishedAt: at };
}

/** Union by version, oldest first; of two entries for a version the later one holds. */
export function mergeEntries(known: readonly IndexEntry[], more: readonly IndexEntry[]): IndexEntry[] {
  const byVersion = new Map([...known, ...more].map((entry) => [entry.version, entry] as const));
  return [...byVersion.values()].sort((a, b) => compareVersions(a.version, b.version));
}

/** Whatever the order of their members. */
export function sameEntries(a: readonly IndexEntry[], b: readonly IndexEntry[]): boolean {
  const text = (entries: readonly IndexEntry[]) => canonicalJson(entries as unknown as JsonValue);
  return text(a) === text(b);
}
