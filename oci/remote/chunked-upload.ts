import { isProvError, log, ProvError } from '#base';
import type { CallOptions } from '../content-store.js';
import { ChunkReader } from './chunk-reader.js';
import type { RequestBody } from './http/request-body.js';
import { hostOf, parseTarget, type Target, withQuery } from './http/target.js';
import type { Reply } from './registry-client.js';
import { commitLimit } from './registry-settings.js';
import type { RepositoryAccess } from './repository-access.js';
import { adviseRetry } from './retry-advice.js';
import type { UploadJournal } from './upload-journal.js';
import { isFrail, openUploadSession } from './upload-session.js';

export interface ChunkedUpload {
  readonly access: RepositoryAccess;
  readonly body: RequestBody;
  readonly journal: UploadJournal;
  readonly signal: AbortSignal | undefined;
  readonly onProgress?: CallOptions['onProgress'];
}

interface Session {
  location: Target;
  offset: number;
  /** What the registry last said it has. */
  acknowledged: number;
  /** Smallest chunk the registry takes. */
  readonly minimum: number;
}

/** What became of one chunk. */
type Sent = 'taken' | 'unsupported' | 'done';

/** Whether the registry takes chunks at all. */
export type ChunkedOutcome = 'done' | 'unsupported' | 'again';

/**
 * Uploads in chunks: after a failure the registry is asked what it has, and the upload goes on there, in
 * this process or the next.
 * @see OCI distribution-spec 1.1, "Pushing a blob in chunks"
 */
export async function uploadChunks(upload: ChunkedUpload): Promise<ChunkedOutcome> {
  const { access, body, journal, signal } = upload;
  const reader = new ChunkReader(body);
  try {
    const begin = async () => (await resumeSession(upload)) ?? openSession(upload);
    const first = await access.client.retrying(begin, { signal });
    if (first === undefined) return 'done';
    let session = first;
    const resumed = session.offset;
    upload.onProgress?.({ done: resumed, resumed });
    while (session.offset < body.size) {
      const before = session.offset;
      const sent = await access.client.retrying(
        async (attempt) => {
          if (attempt > 1) {
            const known = (await askStatus(upload, session)) ?? (await openSession(upload));
            if (known === undefined) return 'done';
            session = known;
            // What arrived before the break counts: the next chunk has all its tries again.
            if (session.offset > before) return 'taken';
          }
          const { offset } = session;
          return sendChunk(upload, session, {
            reader,
            onSent: (sent) => upload.onProgress?.({ done: offset + sent, resumed }),
          });
        },
        { signal, also: isWorthResuming },
      );
      if (sent === 'unsupported') access.client.profile.chunks = false;
      if (sent !== 'taken') {
        journal.remove();
        return sent;
      }
      journal.write({
        location: textOf(session.location),
        offset: session.offset,
        minimum: session.minimum,
      });
    }
    return await finish(upload, session);
  } finally {
    await reader.close();
  }
}

/** Undefined when the registry took the blob from another repository of its own. */
async function openSession({ access, body, signal }: ChunkedUpload): Promise<Session | undefined> {
  const opened = await openUploadSession(access, body.digest, signal);
  if (opened === undefined) return undefined;
  const { location, minimum } = opened;
  return { location, offset: 0, acknowledged: 0, minimum };
}

async function resumeSession(upload: ChunkedUpload): Promise<Session | undefined> {
  const record = upload.journal.read();
  const location = record && parseTarget(record.location);
  if (record === undefined || location === undefined) return undefined;
  const { offset } = record;
  const session = { location, offset, acknowledged: offset, minimum: record.minimum };
  const known = await askStatus(upload, session);
  if (known === undefined) upload.journal.remove();
  log.info(
    known
      ? 'going on with an earlier upload'
      : 'the registry no longer knows an earlier upload; starting again',
    {
      digest: upload.body.digest,
      offset: known?.offset ?? 0,
    },
  );
  return known;
}

async function askStatus(upload: ChunkedUpload, session: Session): Promise<Session | undefined> {
  const { access, signal, body } = upload;
  const target = session.location;
  const expect = [200, 202, 204, 400, 403, 404, 405, 410, 416];
  const reply = await access.call({ method: 'GET', target, allow: 'push', expect, attempts: 1, signal });
  if (reply.status >= 300) return undefined;
  const has = rangeEnd(reply.headers['range'], session.offset);
  if (has === undefined || has > body.size) return undefined;
  const location = reply.headers.location === undefined ? target : access.client.location(reply, 'GET');
  // One whose Range only sticks does not know the state of an upload either; this one does.
  access.client.profile.stickyRange = false;
  return { ...session, location, offset: has, acknowledged: has };
}

/** Bytes a `Range` says are there. `0-0` may be none or one: none unless we sent exactly one. */
function rangeEnd(value: unknown, sent: number): number | undefined {
  const range = /^(?:bytes=)?(\d+)-(\d+)$/.exec(typeof value === 'string' ? value.trim() : '');
  if (!range || Number(range[1]) !== 0) return undefined;
  const end = Number(range[2]);
  return end === 0 && sent !== 1 ? 0 : end + 1;
}

interface Sending {
  readonly reader: ChunkReader;
  readonly onSent: (bytes: number) => void;
}

async function sendChunk(
  upload: ChunkedUpload,
  session: Session,
  { reader, onSent }: Sending,
): Promise<Sent> {
  const { access, signal } = upload;
  const { profile } = access.client;
  const { offset, minimum } = session;
  const length = profile.chunkBytes({ minimum, frail: isFrail(session.location) });
  const chunk = reader.chunk(offset, length, { least: minimum, onSent });
  const end = session.offset + chunk.size;
  const reply = await access.call({
    method: 'PATCH',
    target: session.location,
    allow: 'push',
    headers: { 'content-type': 'application/octet-stream', 'content-range': `${session.offset}-${end - 1}` },
    body: chunk,
    expect: [201, 202, 204, 404, 405, 413, 501],
    attempts: 1,
    signal,
  });
  if (reply.status === 405 || reply.status === 501) return 'unsupported';
  if (reply.status === 413) throw tooLarge(access, reply, chunk.size);
  if (reply.status === 404) throw lost(access, reply.target);
  if (reply.headers.location !== undefined) session.location = access.client.location(reply, 'PATCH');
  const has = rangeEnd(reply.headers['range'], end) ?? end;
  if (has < end && session.offset > 0 && has === session.acknowledged) profile.stickyRange = true;
  session.offset = profile.stickyRange || has > end ? end : has;
  session.acknowledged = has;
  return 'taken';
}

/** Smaller chunks are worth a try as long as there are any; the upload then goes on. */
function tooLarge(access: RepositoryAccess, reply: Reply, tried: number): ProvError {
  const reason = `chunks of ${tried} bytes`;
  const where = { host: hostOf(reply.target), method: 'PATCH', path: access.label };
  const error = new ProvError('OCI_REMOTE_TOO_LARGE', { ...where, reason, status: 413 });
  return access.client.profile.shrinkChunks(tried) ? adviseRetry(error, {}) : error;
}

function lost(access: RepositoryAccess, target: Target): ProvError {
  const reason = 'the registry lost the upload';
  return new ProvError('OCI_REMOTE_INTERRUPTED', {
    host: hostOf(target),
    method: 'PATCH',
    path: access.label,
    reason,
  });
}

function isWorthResuming(error: unknown): boolean {
  if (isProvError(error, 'OCI_REMOTE_INTERRUPTED')) return true;
  return isProvError(error, 'OCI_REMOTE_REFUSED') && [400, 416].includes(Number(error.details['status']));
}

async function finish(upload: ChunkedUpload, session: Session): Promise<ChunkedOutcome> {
  const { access, signal, body, journal } = upload;
  const reply = await access.call({
    method: 'PUT',
    target: withQuery(session.location, 'digest', body.digest),
    allow: 'push',
    headers: { 'content-type': 'application/octet-stream' },
    expect: [201, 202, 204, 400, 404, 416],
    answerMs: commitLimit(access.client.settings.timeouts, body.size),
    maxBytes: 64 * 1024,
    signal,
  });
  journal.remove();
  return reply.status < 300 ? 'done' : 'again';
}

function textOf(target: Target): string {
  return `${target.protocol}//${hostOf(target)}${target.path}`;
}
