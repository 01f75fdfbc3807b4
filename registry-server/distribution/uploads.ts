import { type Digest, isProvError, ProvError, parseDigest } from '#base';
import type { RegistryContext } from '../context.js';
import { parseChunkRange } from '../http/byte-range.js';
import { type Exchange, sendEmpty, sendError } from '../http/respond.js';
import { parseRepository } from '../http/route.js';
import type { Chunk, UploadState } from '../upload-sessions.js';

/** POST of a new upload: mount, all at once, or a session. @see OCI distribution-spec 1.1, "Pushing blobs" */
export async function handleUploads(
  context: RegistryContext,
  exchange: Exchange,
  repository: string,
): Promise<void> {
  const { request, query } = exchange;
  if (request.method !== 'POST')
    throw new ProvError('REGISTRY_METHOD_UNSUPPORTED', { method: request.method });
  const mount = query.get('mount');
  if (mount !== null) {
    const digest = parseDigest(mount);
    const from = query.get('from') ?? undefined;
    const source = from === undefined ? undefined : parseRepository(from);
    if (
      (await context.metadata.mountBlob(repository, digest, source)) &&
      (await isWhole(context, repository, digest))
    )
      return sendCreated(exchange, repository, digest);
  }
  const given = query.get('digest');
  const digest = mount === null && given !== null ? parseDigest(given) : undefined;
  if (digest === undefined) {
    const algorithm = query.get('digest-algorithm') === 'sha512' ? 'sha512' : 'sha256';
    return sendEmpty(exchange, 202, progress(repository, await context.uploads.start(repository, algorithm)));
  }
  await context.uploads.put(repository, { ...chunkOf(exchange), start: undefined, digest });
  return sendCreated(exchange, repository, digest);
}

/** GET, PATCH, PUT and DELETE of an upload session. */
export async function handleUpload(
  context: RegistryContext,
  exchange: Exchange,
  repository: string,
  id: string,
): Promise<void> {
  const { uploads } = context;
  const { request, query } = exchange;
  try {
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return sendEmpty(exchange, 204, progress(repository, await uploads.state(repository, id)));
      case 'PATCH':
        return sendEmpty(
          exchange,
          202,
          progress(repository, await uploads.append(repository, id, chunkOf(exchange))),
        );
      case 'PUT': {
        const digest = parseDigest(query.get('digest') ?? '');
        await uploads.finish(repository, id, { ...chunkOf(exchange), digest });
        return sendCreated(exchange, repository, digest);
      }
      case 'DELETE':
        await uploads.cancel(repository, id, request);
        return sendEmpty(exchange, 204);
      default:
        throw new ProvError('REGISTRY_METHOD_UNSUPPORTED', { method: request.method });
    }
  } catch (error) {
    if (!isProvError(error, 'REGISTRY_UPLOAD_OUT_OF_ORDER')) throw error;
    return sendError(exchange, error, progress(repository, await uploads.state(repository, id)));
  }
}

/** A blob whose file is lost or cut is not mounted: the upload that follows repairs it. */
async function isWhole(
  { metadata, blobs }: RegistryContext,
  repository: string,
  digest: Digest,
): Promise<boolean> {
  return (await blobs.size(digest)) === (await metadata.findBlob(repository, digest));
}

function chunkOf({ request }: Exchange): Chunk {
  const range = parseChunkRange(request.headers['content-range']);
  const announced = request.headers['content-length'];
  if (range !== undefined && announced !== undefined && Number(announced) !== range.length) {
    throw new ProvError('REGISTRY_SIZE_MISMATCH', { expected: range.length, actual: Number(announced) });
  }
  return { body: request, start: range?.start, length: range?.length };
}

function progress(repository: string, { id, offset }: UploadState): Record<string, string> {
  return {
    location: `/v2/${repository}/blobs/uploads/${id}`,
    range: `0-${Math.max(0, offset - 1)}`,
    'docker-upload-uuid': id,
  };
}

function sendCreated(exchange: Exchange, repository: string, digest: Digest): void {
  sendEmpty(exchange, 201, {
    location: `/v2/${repository}/blobs/${digest}`,
    'docker-content-digest': digest,
  });
}
