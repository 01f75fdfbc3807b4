import { ProvError, parseDigest } from '#base';
import { type Descriptor, MEDIA } from '#schemas';
import type { RegistryContext } from '../context.js';
import { countParameter, type Exchange, sendBytes, sendJson } from '../http/respond.js';

/** Entries of one page, at most; clients follow `Link` to the rest. */
export const MAX_PAGE = 10_000;
/** Size of one page of referrers: clients must take manifests of 4 MiB. */
export const REFERRERS_PAGE_BYTES = 4 * 1024 * 1024;

/** `tags/list` with `n` and `last`. @see OCI distribution-spec 1.1, "Listing Tags" */
export async function handleTags(
  context: RegistryContext,
  exchange: Exchange,
  repository: string,
): Promise<void> {
  assertRead(exchange);
  const limit = countParameter(exchange.query, 'n', MAX_PAGE);
  const after = exchange.query.get('last') ?? undefined;
  const found = await context.metadata.listTags(repository, { limit: limit + 1, after });
  if (found.length === 0 && !(await context.metadata.hasRepository(repository))) {
    throw new ProvError('REGISTRY_NAME_UNKNOWN', { repository });
  }
  const tags = found.slice(0, limit);
  sendJson(exchange, { name: repository, tags }, link(`/v2/${repository}/tags/list`, found, limit));
}

/** `_catalog`: the repositories, in the same pages. */
export async function handleCatalog(context: RegistryContext, exchange: Exchange): Promise<void> {
  assertRead(exchange);
  const limit = countParameter(exchange.query, 'n', MAX_PAGE);
  const after = exchange.query.get('last') ?? undefined;
  const found = await context.metadata.listRepositories({ limit: limit + 1, after });
  sendJson(exchange, { repositories: found.slice(0, limit) }, link('/v2/_catalog', found, limit));
}

/** The referrers of a digest, known or not. @see OCI distribution-spec 1.1, "Listing Referrers" */
export async function handleReferrers(
  context: RegistryContext,
  exchange: Exchange,
  repository: string,
  reference: string,
): Promise<void> {
  assertRead(exchange);
  const subject = parseDigest(reference);
  const artifactType = exchange.query.get('artifactType') ?? undefined;
  const last = exchange.query.get('last');
  const all = await context.metadata.listReferrers(repository, subject, artifactType);
  const { manifests, next } = pageOf(last === null ? all : all.filter((each) => each.digest > last));
  const query = new URLSearchParams({
    ...(artifactType === undefined ? {} : { artifactType }),
    last: next ?? '',
  });
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests }));
  sendBytes(exchange, bytes, {
    'content-type': MEDIA.ociIndex,
    ...(artifactType === undefined ? {} : { 'oci-filters-applied': 'artifactType' }),
    ...(next === undefined ? {} : { link: `</v2/${repository}/referrers/${subject}?${query}>; rel="next"` }),
  });
}

function pageOf(descriptors: readonly Descriptor[]): {
  manifests: readonly Descriptor[];
  next: string | undefined;
} {
  let bytes = 0;
  for (const [i, descriptor] of descriptors.entries()) {
    bytes += Buffer.byteLength(JSON.stringify(descriptor)) + 1;
    if (bytes > REFERRERS_PAGE_BYTES - 1024 && i > 0) {
      return { manifests: descriptors.slice(0, i), next: descriptors[i - 1]!.digest };
    }
  }
  return { manifests: descriptors, next: undefined };
}

function link(path: string, found: readonly string[], limit: number): Record<string, string> {
  const last = found[limit - 1];
  if (found.length <= limit || last === undefined) return {};
  return { link: `<${path}?${new URLSearchParams({ n: String(limit), last })}>; rel="next"` };
}

function assertRead({ request: { method } }: Exchange): void {
  if (method !== 'GET' && method !== 'HEAD') throw new ProvError('REGISTRY_METHOD_UNSUPPORTED', { method });
}
