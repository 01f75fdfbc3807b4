import { isProvError, log, ProvError } from '#base';
import { CHUNK_BYTES, ChunkReader } from './chunk-reader.js';
import { bodyOf, type RequestBody } from './http/request-body.js';
import { hostOf, parseTarget, type Target, withQuery } from './http/target.js';
import type { RepositoryAccess } from './repository-access.js';
import type { UploadJournal } from './upload-journal.js';
import { openUploadSession } from './upload-session.js';

export interface ChunkedUpload {
  readonly access: RepositoryAccess;
  readonly body: RequestBody;
  readonly journal: UploadJournal;
  readonly signal: AbortSignal | undefined;
}

interface Session {
  location: Target;
  offset: number;
  /** What the registry last said it has. */
  acknowledged: number;
  /** Its `Range` does not advance though it keeps the data: our own count rules. */
  sticky: boolean;
  chunk: number;
}

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
    let session = await access.client.retrying(begin, { signal });
    while (session.offset < body.size) {
      const before = session.offset;
      const supported = await access.client.retrying(
        async (attempt) => {
          if (attempt > 1) {
            session = (await askStatus(upload, session)) ?? (await openSession(upload));
            // What arrived before the break counts: the next chunk has all its tries again.
            if (session.offset > before) return true;
          }
          return sendChunk(upload, session, reader);
        },
        { signal, also: isWorthResuming },
      );
      if (!supported) return 'unsupported';
      journal.write({ location: textOf(session.location), offset: session.offset });
    }
    return await finish(upload, session);
  } finally {
    await reader.close();
  }
}

async function openSession({ access, body, signal }: ChunkedUpload): Promise<Session> {
  const { location, minimum } = await openUploadSession(access, body.digest, signal);
  const chunk = Math.max(CHUNK_BYTES, minimum);
  return { location, offset: 0, acknowledged: 0, sticky: false, chunk };
}

async function resumeSession(upload: ChunkedUpload): Promise<Session | undefined> {
  const record = upload.journal.read();
  const location = record && parseTarget(record.location);
  if (record === undefined || location === undefined) return undefined;
  const { offset } = record;
  const session = { location, offset, acknowledged: offset, sticky: false, chunk: CHUNK_BYTES };
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
  const offset = session.sticky ? session.offset : has;
  return { ...session, location, offset, acknowledged: has };
}

/** Bytes a `Range` says are there. `0-0` may be none or one: none unless we sent exactly one. */
function rangeEnd(value: unknown, sent: number): number | undefined {
  const range = /^(?:bytes=)?(\d+)-(\d+)$/.exec(typeof value === 'string' ? value.trim() : '');
  if (!range || Number(range[1]) !== 0) return undefined;
  const end = Number(range[2]);
  return end === 0 && sent !== 1 ? 0 : end + 1;
}

async function sendChunk(upload: ChunkedUpload, session: Session, reader: ChunkReader): Promise<boolean> {
  const { access, signal, body } = upload;
  const bytes = await reader.read(session.offset, session.chunk);
  const end = session.offset + bytes.byteLength;
  const reply = await access.call({
    method: 'PATCH',
    target: session.location,
    allow: 'push',
    headers: { 'content-type': 'application/octet-stream', 'content-range': `${session.offset}-${end - 1}` },
    body: bodyOf(bytes, body.digest),
    expect: [201, 202, 204, 404, 405, 501],
    attempts: 1,
    signal,
  });
  if (reply.status === 405 || reply.status === 501) return false;
  if (reply.status === 404) throw lost(access, reply.target);
  if (reply.headers.location !== undefined) session.location = access.client.location(reply, 'PATCH');
  const has = rangeEnd(reply.headers['range'], end) ?? end;
  if (has < end && !session.sticky && session.offset > 0 && has === session.acknowledged)
    session.sticky = true;
  session.offset = session.sticky || has > end ? end : has;
  session.acknowledged = has;
  return true;
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
    answerMs: access.client.settings.timeouts.commitMs,
    maxBytes: 64 * 1024,
    signal,
  });
  journal.remove();
  return reply.status < 300 ? 'done' : 'again';
}

function textOf(target: Target): string {
  return `${target.protocol}//${hostOf(target)}${target.path}`;
}
