import { assertWithin, type Digest, isProvError, LIMITS, log } from '#base';
import { type Descriptor, imageIndexSchema, MEDIA, parseWire } from '#schemas';
import type { CallOptions, ReferrersAnswer } from '../content-store.js';
import { describeReferrer } from '../manifest-codec.js';
import { referrersTag } from '../referrers-tag.js';
import { pages } from './pages.js';
import { readReferrersList } from './referrers-tag.js';
import type { Reply } from './registry-client.js';
import { mediaTypeOf, type RemoteManifests } from './remote-manifests.js';
import type { RepositoryAccess } from './repository-access.js';

/** Answers that mean "no such endpoint"; only 404 says so by the specification. */
const NO_ENDPOINT = [400, 403, 404, 405, 406, 410, 501];
/** Manifests read at once to check a list that anybody could have written. */
const CHECKED_AT_ONCE = 16;

type FromApi =
  | {
      readonly supported: true;
      readonly descriptors: readonly Descriptor[];
      /** Entries without a type that the registry has filtered by type. */
      readonly filtered: ReadonlySet<Digest>;
    }
  | { readonly supported: false; readonly certain: boolean; readonly reason: string };

/**
 * Referrers of a subject: the API's answer joined with the fallback tag (registries in the middle of an
 * upgrade have both). A wrong answer falls back to the tag and is reported as uncertain; 401, 429 and 5xx
 * are errors and never read as "none".
 * @see OCI distribution-spec 1.1, "Listing Referrers", "Unavailable Referrers API"
 */
export async function queryReferrers(
  access: RepositoryAccess,
  manifests: RemoteManifests,
  query: { readonly subject: Digest; readonly artifactType?: string | undefined } & CallOptions,
): Promise<ReferrersAnswer> {
  const { subject, artifactType, signal } = query;
  const [api, tagged] = await Promise.all([askApi(access, query), askTag(manifests, subject, signal)]);
  if (!api.supported && !api.certain) {
    log.warn(`${access.label}: the referrers of ${subject} are uncertain: ${api.reason}`);
  }
  const all = new Map<Digest, Descriptor>();
  for (const each of [...(tagged ?? []), ...(api.supported ? api.descriptors : [])])
    all.set(each.digest, each);
  assertWithin(all.size, LIMITS.referrersPerSubject, `the list of referrers of ${subject}`, 'entries');
  const matching: Descriptor[] = [];
  for (const each of all.values()) {
    const vouched = api.supported && api.filtered.has(each.digest);
    if (artifactType === undefined || vouched || (await typeOf(manifests, each, signal)) === artifactType)
      matching.push(each);
  }
  return {
    descriptors: matching.sort((a, b) => (a.digest < b.digest ? -1 : 1)),
    from: [...(api.supported ? (['api'] as const) : []), ...(tagged === undefined ? [] : (['tag'] as const))],
    certain: api.supported || api.certain,
    reason: api.supported ? undefined : api.reason,
  };
}

/** Whether the registry keeps lists of referrers itself. */
export async function hasReferrersApi(
  access: RepositoryAccess,
  subject: Digest,
  signal?: AbortSignal,
): Promise<boolean> {
  return (await askApi(access, { subject, signal })).supported;
}

async function askApi(
  access: RepositoryAccess,
  {
    subject,
    artifactType,
    signal,
  }: { subject: Digest; artifactType?: string | undefined; signal?: AbortSignal | undefined },
): Promise<FromApi> {
  const filter = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`;
  const call = access.complete({
    method: 'GET',
    target: `referrers/${subject}${filter}`,
    allow: 'pull',
    headers: { accept: MEDIA.ociIndex },
    expect: [200, ...NO_ENDPOINT],
    signal,
  });
  const descriptors: Descriptor[] = [];
  const filtered = new Set<Digest>();
  for await (const reply of pages(access.client, call)) {
    if (reply.status !== 200) {
      const missing = reply.status === 404 && bodyNames(reply, 'NAME_UNKNOWN');
      const reason = missing
        ? `the registry knows no repository ${access.label}`
        : `the registry answers ${reply.status} to the question for referrers`;
      return { supported: false, certain: reply.status === 404, reason };
    }
    const page = readPage(reply);
    if (typeof page === 'string') return { supported: false, certain: false, reason: page };
    descriptors.push(...page);
    if (isFiltered(reply))
      for (const each of page) if (each.artifactType === undefined) filtered.add(each.digest);
    assertWithin(
      descriptors.length,
      LIMITS.referrersPerSubject,
      `the list of referrers of ${subject}`,
      'entries',
    );
  }
  return { supported: true, descriptors, filtered };
}

/** Asking for a type is a wish; this header says that it was granted. @see OCI distribution-spec 1.1, "Listing Referrers" */
function isFiltered({ headers }: Reply): boolean {
  const applied = String(headers['oci-filters-applied'] ?? '').split(',');
  return applied.some((each) => each.trim().toLowerCase() === 'artifacttype');
}

function bodyNames({ bytes }: Reply, code: string): boolean {
  return Buffer.from(bytes.subarray(0, 8192)).toString('utf8').includes(`"${code}"`);
}

function readPage(reply: Reply): readonly Descriptor[] | string {
  const mediaType = mediaTypeOf(reply);
  if (mediaType !== MEDIA.ociIndex)
    return `the registry answers with "${mediaType}" instead of an image index`;
  try {
    const value: unknown = JSON.parse(Buffer.from(reply.bytes).toString('utf8'));
    return parseWire(imageIndexSchema, value, 'the list of referrers').manifests;
  } catch (error) {
    return `the registry answers with something that is no image index: ${error instanceof Error ? error.message : error}`;
  }
}

/** Undefined when there is no such list. Entries count only when they themselves name the subject. */
async function askTag(
  manifests: RemoteManifests,
  subject: Digest,
  signal: AbortSignal | undefined,
): Promise<readonly Descriptor[] | undefined> {
  const found = await manifests.find(referrersTag(subject), { signal });
  if (found === undefined) return undefined;
  const list = readReferrersList(found, subject);
  if (typeof list === 'string') return undefined;
  assertWithin(list.length, LIMITS.referrersPerSubject, `the list of referrers of ${subject}`, 'entries');
  const out: Descriptor[] = [];
  for (let start = 0; start < list.length; start += CHECKED_AT_ONCE) {
    const part = list.slice(start, start + CHECKED_AT_ONCE);
    const named = await Promise.all(part.map((each) => names(manifests, each, { subject, signal })));
    out.push(...part.filter((_, index) => named[index]));
  }
  return out;
}

async function names(
  manifests: RemoteManifests,
  entry: Descriptor,
  { subject, signal }: { subject: Digest; signal: AbortSignal | undefined },
): Promise<boolean> {
  // Too long to be a manifest: nothing of it would be read.
  if (entry.size > LIMITS.manifestBytes) return false;
  const found = await manifests.find(entry.digest, { signal });
  if (found === undefined) return false;
  try {
    return describeReferrer(found.descriptor, found.bytes).subject?.digest === subject;
  } catch (error) {
    if (isProvError(error, 'SCHEMAS_WIRE_INVALID')) return false;
    throw error;
  }
}

async function typeOf(
  manifests: RemoteManifests,
  entry: Descriptor,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  if (entry.artifactType !== undefined) return entry.artifactType;
  const found = await manifests.find(entry.digest, { signal });
  return found && describeReferrer(found.descriptor, found.bytes).referrer.artifactType;
}
