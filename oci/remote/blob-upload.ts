import { isProvError, ProvError } from '#base';
import type { Descriptor } from '#schemas';
import type { ByteSource, CallOptions, PushOptions } from '../content-store.js';
import { ociCodes } from './answer-failure.js';
import { repositoryScope } from './auth/scope.js';
import { CHUNK_BYTES } from './chunk-reader.js';
import { type ChunkedOutcome, uploadChunks } from './chunked-upload.js';
import type { RequestBody } from './http/request-body.js';
import { type Target, withQuery } from './http/target.js';
import type { Reply } from './registry-client.js';
import { commitLimit } from './registry-settings.js';
import { RepositoryAccess } from './repository-access.js';
import { noJournal, openUploadJournal } from './upload-journal.js';
import { openUploadSession } from './upload-session.js';

/** Above this a blob goes in chunks, so that a broken upload goes on instead of starting again. */
export const CHUNKED_ABOVE_BYTES = 16 * 1024 * 1024;

/** Size of a blob, undefined when the registry has none. @see OCI distribution-spec 1.1, end-2 */
export async function headBlob(
  access: RepositoryAccess,
  digest: string,
  options: HeadOptions,
): Promise<number | undefined> {
  const { signal, allow, attempts } = options;
  const reply = await access.call({
    method: 'HEAD',
    target: `blobs/${digest}`,
    allow,
    expect: [200, 404],
    attempts,
    signal,
  });
  if (reply.status === 404) return undefined;
  const length = reply.headers['content-length'];
  return length === undefined ? Number.NaN : Number(length);
}

export interface HeadOptions extends CallOptions {
  readonly allow: 'pull' | 'push';
  readonly attempts?: number | undefined;
}

/** Brings one blob to the registry unless it is there; visible only when the registry found its digest right. */
export async function uploadBlob(
  access: RepositoryAccess,
  descriptor: Descriptor,
  options: PushOptions & { readonly source: ByteSource },
): Promise<void> {
  const { signal, source, onProgress, absent = false } = options;
  const { digest, size } = descriptor;
  if (
    !absent &&
    !access.doubtful.has(digest) &&
    (await headBlob(access, digest, { signal, allow: 'push' })) !== undefined
  )
    return;
  const { rehearses } = access.client.settings;
  const body = { digest, size, source: rehearses && size > CHUNKED_ABOVE_BYTES ? zeros(size) : source };
  await sendBlob(access, body, { signal, onProgress });
  access.doubtful.delete(digest);
}

/** In place of what nobody will read. */
function zeros(size: number): ByteSource {
  return async function* pages() {
    const page = new Uint8Array(Math.min(size, CHUNK_BYTES));
    for (let at = 0; at < size; at += page.byteLength)
      yield page.subarray(0, Math.min(page.byteLength, size - at));
  };
}

async function sendBlob(
  access: RepositoryAccess,
  body: RequestBody,
  { signal, onProgress }: CallOptions,
): Promise<void> {
  const { digest, size } = body;
  if (size > CHUNKED_ABOVE_BYTES && access.client.profile.chunks) {
    const { uploadJournalDir } = access.client.settings;
    const journal =
      uploadJournalDir === undefined
        ? noJournal
        : openUploadJournal(uploadJournalDir, `${access.label}@${digest}`);
    const leave = await access.client.chunkedUploads.enter(signal);
    let outcome: ChunkedOutcome;
    try {
      outcome = await uploadChunks({ access, body, journal, signal, onProgress });
    } finally {
      leave();
    }
    if (outcome === 'done') return;
    // The answer to the last request may have been lost after it was obeyed.
    if (outcome === 'again' && (await headBlob(access, digest, { signal, allow: 'push' })) !== undefined)
      return;
  }
  const onSent = onProgress && ((done: number) => onProgress({ done, resumed: 0 }));
  await uploadWhole(access, { ...body, onSent }, signal);
}

/** POST, then one PUT. A new session for every try: what a broken one holds is unknown. */
async function uploadWhole(
  access: RepositoryAccess,
  body: RequestBody,
  signal: AbortSignal | undefined,
): Promise<void> {
  await access.client.retrying(
    async (attempt) => {
      // The try before may have been taken though its answer was lost.
      const head = { signal, allow: 'push', attempts: 1 } as const;
      if (attempt > 1 && (await headBlob(access, body.digest, head)) !== undefined) return;
      const session = await openUploadSession(access, body.digest, signal);
      if (session !== undefined) await putWhole(access, session.location, { body, signal });
    },
    { signal, also: (error) => isProvError(error) && ociCodes(error).includes('BLOB_UPLOAD_UNKNOWN') },
  );
}

async function putWhole(
  access: RepositoryAccess,
  location: Target,
  { body, signal }: { readonly body: RequestBody; readonly signal: AbortSignal | undefined },
): Promise<Reply> {
  try {
    return await access.call({
      method: 'PUT',
      target: withQuery(location, 'digest', body.digest),
      allow: 'push',
      headers: { 'content-type': 'application/octet-stream' },
      body,
      expect: [201, 202, 204],
      attempts: 1,
      answerMs: commitLimit(access.client.settings.timeouts, body.size),
      signal,
    });
  } catch (error) {
    if (isProvError(error) && ociCodes(error).includes('DIGEST_INVALID')) {
      const details = {
        where: 'the source',
        expected: body.digest,
        actual: 'another one, as the registry found',
      };
      throw new ProvError('OCI_DIGEST_MISMATCH', details, { cause: error });
    }
    throw error;
  }
}

/**
 * Takes a blob over from another repository of the registry. False when the registry does not do that or
 * we may not read the other repository; the session it offered instead is cancelled.
 * @see OCI distribution-spec 1.1, "Mounting a blob from another repository"
 */
export async function mountBlob(
  access: RepositoryAccess,
  descriptor: Descriptor,
  options: { readonly from: string; readonly signal?: AbortSignal | undefined },
): Promise<boolean> {
  const { digest } = descriptor;
  const { signal } = options;
  const { client } = access;
  const from = new RepositoryAccess(client, options.from);
  const target = `blobs/uploads/?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from.wireName)}`;
  const call = { method: 'POST', target, allow: 'push', expect: [201, 202, 404, 405], signal } as const;
  let reply: Reply;
  try {
    reply = await client.call(access.complete(call, repositoryScope(from.wireName, 'pull')));
  } catch (error) {
    if (isProvError(error) && error.code.startsWith('OCI_AUTH_')) return false;
    throw error;
  }
  if (reply.status === 201) return true;
  if (reply.status === 202 && reply.headers.location !== undefined) await cancel(access, reply, signal);
  return false;
}

async function cancel(
  access: RepositoryAccess,
  reply: Reply,
  signal: AbortSignal | undefined,
): Promise<void> {
  const expect = [200, 202, 204, 400, 401, 403, 404, 405];
  try {
    const target = access.client.location(reply, 'POST');
    await access.call({ method: 'DELETE', target, allow: 'push', expect, attempts: 1, signal });
  } catch (error) {
    // An abandoned session costs the registry a timer; it is no reason to fail.
    if (signal?.aborted) throw error;
  }
}
