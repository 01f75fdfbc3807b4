import type { PlannedWrite } from '../copy-graph.js';
import { CHUNKED_ABOVE_BYTES } from './blob-upload.js';
import { CHUNK_BYTES } from './chunk-reader.js';

/** A request that changes something on a registry. */
export interface PlannedRequest {
  readonly method: 'POST' | 'PATCH' | 'PUT';
  /** `…` stands for what the registry chooses. */
  readonly path: string;
  /** Of the body. */
  readonly bytes: number;
}

/**
 * The requests that writing to a repository will make, as they are without failures on a registry that
 * mounts, takes chunks of the usual size and has the referrers API; reads are not among them. A POST
 * may ask for a mount on the way, which a registry that has the blob elsewhere may grant.
 */
export function plannedRequests(
  repository: string,
  writes: readonly PlannedWrite[],
): readonly PlannedRequest[] {
  const base = `/v2/${repository}`;
  return writes.flatMap((write): readonly PlannedRequest[] => {
    const { digest, size } = write.descriptor;
    if (write.type === 'tag') return [{ method: 'PUT', path: `${base}/manifests/${write.tag}`, bytes: size }];
    if (write.type === 'manifest')
      return [{ method: 'PUT', path: `${base}/manifests/${digest}`, bytes: size }];
    if (write.mountFrom !== undefined)
      return [
        { method: 'POST', path: `${base}/blobs/uploads/?mount=${digest}&from=${write.mountFrom}`, bytes: 0 },
      ];
    const upload = `${base}/blobs/uploads/…`;
    const begin = { method: 'POST', path: `${base}/blobs/uploads/`, bytes: 0 } as const;
    if (size <= CHUNKED_ABOVE_BYTES) return [begin, { method: 'PUT', path: upload, bytes: size }];
    const chunks = Array.from({ length: Math.ceil(size / CHUNK_BYTES) }, (_, i) => ({
      method: 'PATCH' as const,
      path: upload,
      bytes: Math.min(CHUNK_BYTES, size - i * CHUNK_BYTES),
    }));
    return [begin, ...chunks, { method: 'PUT', path: upload, bytes: 0 }];
  });
}
