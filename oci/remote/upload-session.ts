import { CHUNK_BYTES } from './chunk-reader.js';
import type { Target } from './http/target.js';
import type { RepositoryAccess } from './repository-access.js';

export interface UploadSession {
  readonly location: Target;
  /** Smallest chunk the registry takes, 0 when it does not say. */
  readonly minimum: number;
}

/**
 * Opens an upload session, in one try: the caller repeats it together with what follows.
 * @see OCI distribution-spec 1.1, end-4a; sha512 is announced by end-4c
 */
export async function openUploadSession(
  access: RepositoryAccess,
  digest: string,
  signal: AbortSignal | undefined,
): Promise<UploadSession> {
  const algorithm = digest.startsWith('sha512:') ? '?digest-algorithm=sha512' : '';
  const target = `blobs/uploads/${algorithm}`;
  const reply = await access.call({
    method: 'POST',
    target,
    allow: 'push',
    expect: [202],
    attempts: 1,
    signal,
  });
  return { location: access.client.location(reply, 'POST'), minimum: minimumOf(reply.headers) };
}

/** Capped, so that a registry cannot ask for our memory. */
function minimumOf(headers: Readonly<Record<string, unknown>>): number {
  const minimum = Number(headers['oci-chunk-min-length'] ?? 0);
  return Number.isSafeInteger(minimum) && minimum > 0 ? Math.min(minimum, 16 * CHUNK_BYTES) : 0;
}
