import { digestOf, ProvError } from '#base';
import { compareVersions, type IndexDocument, MEDIA } from '#schemas';
import type { RegistryContext } from '../context.js';
import { type Exchange, notModified, sendBytes, sendEmpty } from '../http/respond.js';
import { parseRepository } from '../http/route.js';
import type { PublishedVersion } from '../storage/metadata-db.js';

export const INDEX_PREFIX = '/api/v1/index/';

/** `GET /api/v1/index/{repository}`: every version of an extension with what a resolver needs of it. */
export async function handleIndex(context: RegistryContext, exchange: Exchange): Promise<void> {
  const repository = parseRepository(exchange.path.slice(INDEX_PREFIX.length));
  const versions = await context.metadata.listVersions(repository);
  if (versions.length === 0) throw new ProvError('REGISTRY_EXTENSION_UNKNOWN', { repository });
  const bytes = Buffer.from(JSON.stringify(indexDocument(repository, versions)));
  const etag = `"${digestOf(bytes)}"`;
  const headers = { 'content-type': MEDIA.indexDocument, etag, 'cache-control': 'no-cache' };
  if (notModified(exchange.request, etag)) return sendEmpty(exchange, 304, headers);
  return sendBytes(exchange, bytes, headers);
}

/** The index of a repository, oldest version first. */
export function indexDocument(repository: string, versions: readonly PublishedVersion[]): IndexDocument {
  const entries = versions.map(({ extension, digest, size, publishedAt, lifecycle }) => ({
    version: extension.version,
    digest,
    size,
    kind: extension.kind,
    deps: extension.deps as IndexDocument['entries'][number]['deps'],
    publishedAt: new Date(publishedAt).toISOString(),
    ...stateOf({ extension, lifecycle }),
    ...(lifecycle === undefined || lifecycle.signers.length === 0 ? {} : { signers: [...lifecycle.signers] }),
  }));
  return { v: 1, repository, entries: entries.sort((a, b) => compareVersions(a.version, b.version)) };
}

/** What a status says, else what the manifest says of itself. */
export function stateOf({
  extension,
  lifecycle,
}: Pick<PublishedVersion, 'extension' | 'lifecycle'>): Pick<
  IndexDocument['entries'][number],
  'state' | 'reason' | 'replacement'
> {
  const declared = extension.deprecated !== undefined;
  const { state, reason, replacement } =
    lifecycle?.state === undefined
      ? {
          state: declared ? ('deprecated' as const) : ('active' as const),
          reason: extension.deprecated,
          replacement: extension.replacement,
        }
      : lifecycle;
  return {
    state: state ?? 'active',
    ...(reason === undefined ? {} : { reason }),
    ...(replacement === undefined ? {} : { replacement }),
  };
}
