import { assertWithin, isProvError, LIMITS } from '#base';
import {
  describeReferrer,
  fetchBytes,
  parseSideTag,
  type RemoteRepository,
  referrersTag,
  resolveOptional,
} from '#oci';
import { type Descriptor, MEDIA, parseOciManifest } from '#schemas';

/** What goes with a manifest, and what only seems to. */
export interface AttachedContent {
  /** Digests of referrers, those of referrers first; then side tags, their manifests, and the list of referrers. */
  readonly gone: readonly string[];
  readonly kept: readonly KeptContent[];
}

/** Something that a list or the name of a tag attaches, and that a deletion leaves where it is. */
export interface KeptContent {
  readonly what: string;
  readonly reason: string;
}

/** What the side tags of cosign hold; other content under such a name is not known to belong to it alone. */
const SIDE_LAYERS: ReadonlyMap<string, string> = new Map([
  ['sig', MEDIA.simpleSigning],
  ['att', MEDIA.dsseEnvelope],
]);

/**
 * Finds what belongs to `subject` and to nothing else. Who may push can write any list and any side tag, so neither
 * is believed: a referrer counts only when it names its subject itself, and nothing counts that another tag leads to.
 * @throws BASE_LIMIT_EXCEEDED
 */
export async function attachedContent(
  store: RemoteRepository,
  subject: Descriptor,
  { tags, signal }: { readonly tags: ReadonlyMap<string, string>; readonly signal: AbortSignal | undefined },
): Promise<AttachedContent> {
  const gone: string[] = [];
  const kept: KeptContent[] = [];
  const seen = new Set<string>([subject.digest]);
  const otherTags = (digest: string) =>
    [...tags].filter(([tag, target]) => target === digest && parseSideTag(tag)?.digest !== subject.digest);

  function inUse(digest: string): string | undefined {
    const [first, ...more] = otherTags(digest).map(([tag]) => tag);
    if (first === undefined) return undefined;
    return `the tag ${first} leads to it${more.length === 0 ? '' : ` (and ${more.length} more)`}`;
  }

  async function visit(parent: Descriptor): Promise<void> {
    for (const referrer of await store.referrers(parent, undefined, { signal })) {
      if (seen.has(referrer.digest)) continue;
      seen.add(referrer.digest);
      assertWithin(seen.size, LIMITS.graphNodes, `what is attached to ${subject.digest}`, 'manifests');
      const reason =
        (await isAttached(store, referrer, { parent, signal })) === false
          ? 'it is listed as attached and names something else, or nothing'
          : inUse(referrer.digest);
      if (reason !== undefined) {
        kept.push({ what: referrer.digest, reason });
        continue;
      }
      await visit(referrer);
      gone.push(referrer.digest);
    }
  }

  await visit(subject);
  for (const [tag, digest] of tags) {
    const side = parseSideTag(tag);
    if (side?.digest !== subject.digest) continue;
    gone.push(tag);
    if (seen.has(digest)) continue;
    seen.add(digest);
    const reason = inUse(digest) ?? (await notOnlyOf(store, { digest, side, signal }));
    if (reason === undefined) gone.push(digest);
    else kept.push({ what: digest, reason: `${tag} leads to it, but ${reason}` });
  }
  const list = await resolveOptional(store, referrersTag(subject.digest), { signal });
  if (list !== undefined && list.digest !== subject.digest) gone.push(referrersTag(subject.digest));
  return { gone, kept };
}

/** Whether the manifest itself says that it is attached to `parent`; what is gone meanwhile says nothing. */
async function isAttached(
  store: RemoteRepository,
  referrer: Descriptor,
  { parent, signal }: { readonly parent: Descriptor; readonly signal: AbortSignal | undefined },
): Promise<boolean> {
  try {
    const { descriptor, bytes } = await store.fetchManifest(referrer.digest, { signal });
    return describeReferrer(descriptor, bytes).subject?.digest === parent.digest;
  } catch (error) {
    if (isProvError(error, 'OCI_REFERENCE_NOT_FOUND') || isProvError(error, 'SCHEMAS_WIRE_INVALID'))
      return false;
    throw error;
  }
}

/** Why the target of a side tag may belong to others as well; undefined when it does not. */
async function notOnlyOf(
  store: RemoteRepository,
  {
    digest,
    side,
    signal,
  }: {
    readonly digest: string;
    readonly side: { readonly digest: string; readonly suffix: string };
    readonly signal: AbortSignal | undefined;
  },
): Promise<string | undefined> {
  try {
    const descriptor = await store.resolve(digest, { signal });
    const parsed = parseOciManifest(await fetchBytes(store, descriptor, { signal }), descriptor.mediaType);
    if (parsed.kind === 'index') return 'it is an index of others';
    const { subject, layers } = parsed.manifest;
    if (subject?.digest === side.digest) return undefined;
    if (subject !== undefined) return `it is attached to ${subject.digest}`;
    const type = SIDE_LAYERS.get(side.suffix);
    const known = layers.length > 0 && layers.every(({ mediaType }) => mediaType === type);
    return known ? undefined : 'nothing in it says that it belongs to this one alone';
  } catch (error) {
    if (isProvError(error, 'OCI_REFERENCE_NOT_FOUND')) return 'it is not there';
    if (isProvError(error, 'SCHEMAS_WIRE_INVALID')) return 'it is no manifest that is known here';
    throw error;
  }
}
