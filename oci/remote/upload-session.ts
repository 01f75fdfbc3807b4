import { CHUNK_BYTES } from './chunk-reader.js';
import type { Target } from './http/target.js';
import type { RegistryClient, Reply } from './registry-client.js';
import type { RepositoryAccess } from './repository-access.js';

export interface UploadSession {
  readonly location: Target;
  /** Smallest chunk the registry takes, 0 when it does not say. */
  readonly minimum: number;
}

/**
 * Opens an upload session, in one try: the caller repeats it together with what follows. The same request
 * offers the registry to take the blob from wherever it has it; undefined when it did.
 * @see OCI distribution-spec 1.1, end-4a and end-11; sha512 is announced by end-4c
 */
export async function openUploadSession(
  access: RepositoryAccess,
  digest: string,
  signal: AbortSignal | undefined,
): Promise<UploadSession | undefined> {
  const { client } = access;
  const { profile } = client;
  const algorithm = digest.startsWith('sha512:') ? ['digest-algorithm=sha512'] : [];
  const post = (parameters: readonly string[], expect: readonly number[]) => {
    const query = parameters.length === 0 ? '' : `?${parameters.join('&')}`;
    const target = `blobs/uploads/${query}`;
    return access.call({ method: 'POST', target, allow: 'push', expect, attempts: 1, signal });
  };
  if (profile.anonymousMounts) {
    const mount = `mount=${encodeURIComponent(digest)}`;
    const reply = await post([mount, ...algorithm], [201, 202, ...NOT_UNDERSTOOD]);
    if (reply.status === 201) return undefined;
    if (reply.status === 202) return session(client, reply);
    profile.anonymousMounts = false;
  }
  return session(client, await post(algorithm, [202]));
}

/** Answers to a mount without `from` by registries that do not know it. */
const NOT_UNDERSTOOD = [400, 403, 404, 405, 422, 501];

function session(client: RegistryClient, reply: Reply): UploadSession {
  return { location: client.location(reply, 'POST'), minimum: minimumOf(reply.headers) };
}

/**
 * Whether a PATCH that breaks costs the whole upload: distribution (registry:2, Harbor) binds an address to an offset
 * and cancels the upload when it has got more by then. It is known by the state in its addresses.
 * @see https://github.com/distribution/distribution, registry/handlers/blobupload.go, ResumeBlobUpload
 */
export function isFrail({ path }: Target): boolean {
  return /[?&]_state=/.test(path);
}

/** Capped, so that a registry cannot ask for our memory. */
function minimumOf(headers: Readonly<Record<string, unknown>>): number {
  const minimum = Number(headers['oci-chunk-min-length'] ?? 0);
  return Number.isSafeInteger(minimum) && minimum > 0 ? Math.min(minimum, 16 * CHUNK_BYTES) : 0;
}
