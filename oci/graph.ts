import { type Digest, LIMITS, ProvError } from '#base';
import { type Descriptor, isManifestType, parseOciManifest } from '#schemas';
import { askReferrers, type UncertainReferrers } from './ask-referrers.js';
import type { ReadStore } from './content-store.js';
import { fetchBytes } from './fetch-bytes.js';
import { artifactTypeOf, successors } from './manifest-codec.js';
import { parseSideTag } from './referrers-tag.js';

/** A manifest of the graph with its bytes; blobs have none. */
export interface GraphManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Everything that belongs to some roots, in an order in which it can be written. */
export interface ContentGraph {
  /** Children before parents, subjects before their referrers. */
  readonly manifests: readonly GraphManifest[];
  readonly blobs: readonly Descriptor[];
  /** Side tags found, by tag. */
  readonly sideTags: ReadonlyMap<string, Descriptor>;
  /** Where the source's answer about referrers cannot be trusted: something may be missing. */
  readonly uncertain: readonly UncertainReferrers[];
}

export interface GraphOptions {
  /** Follow manifests whose subject is in the graph (signatures, SBOMs). Default true. */
  readonly referrers?: boolean;
  /** Follow the tags `sha256-<hex>.<suffix>` of manifests in the graph; those of `listSideTags` when given. Default true. */
  readonly sideTags?: boolean | SideTags;
  readonly signal?: AbortSignal | undefined;
}

/** Side tags of a repository, by the manifest they belong to. */
export type SideTags = ReadonlyMap<Digest, readonly string[]>;

/**
 * Finds the closure of `roots` in `store`: children, configs, layers, subjects and, unless told otherwise,
 * referrers and side tags. The fallback tag `sha256-<hex>` is bookkeeping and never part of it.
 * @throws BASE_LIMIT_EXCEEDED above 100,000 nodes; whatever the store throws for missing or wrong content.
 */
export async function discoverGraph(
  store: ReadStore,
  roots: readonly Descriptor[],
  options: GraphOptions = {},
): Promise<ContentGraph> {
  const { signal } = options;
  const seen = new Set<Digest>();
  const manifests: GraphManifest[] = [];
  const blobs: Descriptor[] = [];
  const sideTags = new Map<string, Descriptor>();
  const uncertain: UncertainReferrers[] = [];
  const { sideTags: follow = true } = options;
  const sideTagsByDigest: SideTags =
    follow === true ? await listSideTags(store, signal) : follow === false ? new Map() : follow;

  async function visit(descriptor: Descriptor): Promise<void> {
    signal?.throwIfAborted();
    if (seen.has(descriptor.digest)) return;
    seen.add(descriptor.digest);
    if (seen.size > LIMITS.graphNodes) {
      throw new ProvError('BASE_LIMIT_EXCEEDED', {
        what: 'the content graph',
        limit: LIMITS.graphNodes,
        unit: 'nodes',
      });
    }
    if (!isManifestType(descriptor.mediaType)) {
      blobs.push(descriptor);
      return;
    }
    const bytes = await fetchBytes(store, descriptor, { signal });
    const parsed = parseOciManifest(bytes, descriptor.mediaType);
    for (const child of successors(parsed)) await visit(child);
    const artifactType = artifactTypeOf(parsed);
    manifests.push({ descriptor: { ...descriptor, ...(artifactType && { artifactType }) }, bytes });
    if (options.referrers !== false) {
      const doubt = (each: UncertainReferrers) => uncertain.push(each);
      for (const referrer of await askReferrers(store, descriptor, { signal, doubt })) await visit(referrer);
    }
    for (const tag of sideTagsByDigest.get(descriptor.digest) ?? []) {
      const target = await store.resolve(tag, { signal });
      sideTags.set(tag, target);
      await visit(target);
    }
  }

  for (const root of roots) await visit(root);
  return { manifests, blobs, sideTags, uncertain };
}

/** Asks for all tags of a repository: once is enough for many graphs of it. */
export async function listSideTags(store: ReadStore, signal?: AbortSignal): Promise<SideTags> {
  const byDigest = new Map<Digest, string[]>();
  for (const tag of await store.list({ signal })) {
    const side = parseSideTag(tag);
    if (side) byDigest.set(side.digest, [...(byDigest.get(side.digest) ?? []), tag]);
  }
  return byDigest;
}
