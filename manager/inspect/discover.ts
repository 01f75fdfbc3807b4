import { assertWithin, type Digest, isProvError, LIMITS } from '#base';
import {
  artifactTypeOf,
  askReferrers,
  fetchBytes,
  type ReadStore,
  sideTag,
  type UncertainReferrers,
} from '#oci';
import { type Descriptor, formatReference, isManifestType, parseOciManifest } from '#schemas';
import type { ManagerContext } from '../context.js';
import { globMatcher } from './glob.js';
import { type Packed, withTarget } from './with-target.js';

/** How a manifest hangs on the one above it. */
export type DiscoverRelation = 'root' | 'referrer' | 'child' | 'tag';

export interface DiscoverNode {
  readonly relation: DiscoverRelation;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Of a child of an index: `os/arch`. */
  readonly platform?: string;
  /** Of what hangs on a tag by convention, such as cosign's `sha256-….sig`. */
  readonly tag?: string;
  readonly nodes: readonly DiscoverNode[];
}

export interface DiscoverResult {
  readonly reference: string;
  readonly digest: Digest;
  readonly tree: DiscoverNode;
  /** The direct referrers that are shown, as descriptors. */
  readonly referrers: readonly Descriptor[];
  /** Where the registry's answer was outside the specification: something may be hidden there. */
  readonly uncertain: readonly UncertainReferrers[];
}

export interface DiscoverOptions {
  /** Only artifacts of this type; `*` stands for anything. */
  readonly artifactType?: string | undefined;
  /** Only artifacts with these annotations; `*` in a value stands for anything. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Levels below the root. Default: all. */
  readonly depth?: number | undefined;
}

/** Suffixes of the tags that cosign hangs things on. */
const SIDE_TAGS = ['sig', 'att', 'sbom'] as const;
const MAX_DEPTH = 32;

/**
 * Everything that is attached to an artifact: referrers, their referrers, the children of an index with
 * theirs, and what hangs on cosign's tags. A filter keeps what matches and what leads to it.
 * @throws BASE_LIMIT_EXCEEDED for a graph without end
 */
export async function discoverReferrers(
  reference: Packed,
  options: DiscoverOptions,
  context: ManagerContext,
): Promise<DiscoverResult> {
  return withTarget(reference, context, async (store, root) => {
    const walk = createWalk(store, options, context.signal);
    const tree = await walk.visit(root, { relation: 'root', depth: 0 });
    const shown = filtered(tree, options);
    return {
      reference: formatReference({ ...reference, digest: root.digest }),
      digest: root.digest,
      tree: shown,
      referrers: shown.nodes.filter(({ relation }) => relation === 'referrer').map(descriptorOf),
      uncertain: walk.uncertain,
    };
  });
}

interface Visit {
  readonly relation: DiscoverRelation;
  readonly depth: number;
  readonly tag?: string;
}

function createWalk(store: ReadStore, options: DiscoverOptions, signal: AbortSignal | undefined) {
  const depth = Math.min(options.depth ?? MAX_DEPTH, MAX_DEPTH);
  const seen = new Set<Digest>();
  const uncertain: UncertainReferrers[] = [];
  let tags: Promise<ReadonlySet<string>> | undefined;

  async function visit(descriptor: Descriptor, at: Visit): Promise<DiscoverNode> {
    signal?.throwIfAborted();
    const again = seen.has(descriptor.digest);
    seen.add(descriptor.digest);
    assertWithin(seen.size, LIMITS.graphNodes, 'the graph of attached artifacts', 'nodes');
    const { artifactType, annotations, children } = await describe(descriptor);
    const nodes: DiscoverNode[] = [];
    if (!again && at.depth < depth) {
      const below = at.depth + 1;
      for (const child of children) nodes.push(await visit(child, { relation: 'child', depth: below }));
      for (const referrer of await askReferrers(store, descriptor, {
        signal,
        doubt: (each) => uncertain.push(each),
      }))
        nodes.push(await visit(referrer, { relation: 'referrer', depth: below }));
      nodes.push(...(await sideTags(descriptor, below)));
    }
    const { digest, mediaType, size, platform } = descriptor;
    return {
      relation: at.relation,
      digest,
      mediaType,
      ...(artifactType === undefined ? {} : { artifactType }),
      size,
      ...(annotations === undefined ? {} : { annotations }),
      ...(platform === undefined ? {} : { platform: `${platform.os}/${platform.architecture}` }),
      ...(at.tag === undefined ? {} : { tag: at.tag }),
      nodes,
    };
  }

  async function describe(descriptor: Descriptor) {
    const bytes = await fetchBytes(store, descriptor, { signal });
    const parsed = parseOciManifest(bytes, descriptor.mediaType);
    const body = parsed.kind === 'index' ? parsed.index : parsed.manifest;
    const children = parsed.kind === 'index' ? parsed.index.manifests : [];
    return {
      artifactType: artifactTypeOf(parsed),
      annotations: body.annotations,
      children: children.filter(({ mediaType }) => isManifestType(mediaType)),
    };
  }

  async function sideTags({ digest }: Descriptor, below: number): Promise<DiscoverNode[]> {
    tags ??= store.list({ signal }).then((all) => new Set(all));
    const nodes: DiscoverNode[] = [];
    for (const tag of SIDE_TAGS.map((suffix) => sideTag(digest, suffix))) {
      if (!(await tags).has(tag)) continue;
      const found = await resolveOrGone(tag);
      if (found !== undefined) nodes.push(await visit(found, { relation: 'tag', depth: below, tag }));
    }
    return nodes;
  }

  async function resolveOrGone(tag: string): Promise<Descriptor | undefined> {
    try {
      return await store.resolve(tag, { signal });
    } catch (error) {
      if (isProvError(error, 'OCI_REFERENCE_NOT_FOUND')) return undefined;
      throw error;
    }
  }

  return { visit, uncertain };
}

function filtered(root: DiscoverNode, { artifactType, annotations }: DiscoverOptions): DiscoverNode {
  if (artifactType === undefined && annotations === undefined) return root;
  const type = artifactType === undefined ? undefined : globMatcher(artifactType);
  const wanted = Object.entries(annotations ?? {}).map(([key, value]) => [key, globMatcher(value)] as const);
  const matches = (node: DiscoverNode) =>
    (type === undefined || type(node.artifactType ?? '')) &&
    wanted.every(([key, value]) => node.annotations?.[key] !== undefined && value(node.annotations[key]));
  const prune = (node: DiscoverNode): readonly DiscoverNode[] => {
    const nodes = node.nodes.flatMap(prune);
    return matches(node) || nodes.length > 0 ? [{ ...node, nodes }] : [];
  };
  return { ...root, nodes: root.nodes.flatMap(prune) };
}

function descriptorOf({ mediaType, digest, size, artifactType, annotations }: DiscoverNode): Descriptor {
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}
