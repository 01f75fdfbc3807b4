import { type Digest, isProvError, log, ProvError, parseDigest } from '#base';
import type { RegistryContext } from '../context.js';
import { parseRangeHeader } from '../http/byte-range.js';
import { type Exchange, notModified, sendEmpty, sendError } from '../http/respond.js';
import { sendBlob } from '../http/send-blob.js';
import type { BlobReader } from '../storage/blob-driver.js';

/** GET, HEAD and DELETE of a blob. @see OCI distribution-spec 1.1, "Pulling blobs" */
export async function handleBlob(
  context: RegistryContext,
  exchange: Exchange,
  repository: string,
  reference: string,
): Promise<void> {
  const digest = parseDigest(reference);
  const { method } = exchange.request;
  if (method === 'GET' || method === 'HEAD') return getBlob(context, exchange, repository, digest);
  if (method !== 'DELETE') throw new ProvError('REGISTRY_METHOD_UNSUPPORTED', { method });
  await context.metadata.removeBlob(repository, digest);
  return sendEmpty(exchange, 202, { 'docker-content-digest': digest });
}

async function getBlob(
  context: RegistryContext,
  exchange: Exchange,
  repository: string,
  digest: Digest,
): Promise<void> {
  const { request, response } = exchange;
  const size = await context.metadata.findBlob(repository, digest);
  if (size === undefined) throw new ProvError('REGISTRY_BLOB_UNKNOWN', { repository, digest });
  const etag = `"${digest}"`;
  const headers = {
    'docker-content-digest': digest,
    etag,
    'cache-control': 'private, max-age=31536000, immutable',
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
  };
  if (notModified(request, etag)) return sendEmpty(exchange, 304, headers);
  if (request.method === 'HEAD') {
    const found = await context.blobs.size(digest);
    if (found !== size) throw damaged(repository, digest, size, found);
    return sendEmpty(exchange, 200, { ...headers, 'content-length': size });
  }
  const blob = await context.blobs.open(digest);
  try {
    if (blob?.size !== size) throw damaged(repository, digest, size, blob?.size);
    await stream(exchange, blob, headers);
  } catch (error) {
    const unsatisfied = isProvError(error, 'REGISTRY_RANGE_INVALID');
    if (!response.destroyed)
      sendError(exchange, error, unsatisfied ? { 'content-range': `bytes */${size}` } : {});
  } finally {
    await blob?.close();
  }
}

async function stream(exchange: Exchange, blob: BlobReader, headers: { etag: string }): Promise<void> {
  const { request, response } = exchange;
  const { size } = blob;
  const ifRange = request.headers['if-range'];
  const wanted = ifRange === undefined || ifRange === headers.etag ? request.headers.range : undefined;
  const range = parseRangeHeader(wanted, size);
  if (range === undefined) response.writeHead(200, { ...headers, 'content-length': size });
  else {
    response.writeHead(206, {
      ...headers,
      'content-length': range.last - range.first + 1,
      'content-range': `bytes ${range.first}-${range.last}/${size}`,
    });
  }
  await sendBlob(response, blob, range ?? { first: 0, last: size - 1 });
}

/** A blob whose file is lost or cut counts as absent, so that clients push it again, which repairs it. */
function damaged(repository: string, digest: Digest, size: number, found: number | undefined): ProvError {
  log.error('a stored blob is damaged', { repository, digest, size, found: found ?? 'no file' });
  return new ProvError('REGISTRY_BLOB_UNKNOWN', { repository, digest });
}
