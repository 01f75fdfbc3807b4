import type { RemoteRegistry } from '#oci';
import { MEDIA } from '#schemas';
import type { IndexAnswer, ReadIndexOptions } from './index-answer.js';
import { parseIndex } from './parse-index.js';

const PATH = '/api/v1/index/';
/** Registries that are not ours: asked once, not once a package. */
const foreign = new WeakSet<RemoteRegistry>();

/**
 * Asks the registry itself for the index. `no-endpoint` means that it is not one of ours; an answer that is
 * undefined means that it is, and that nothing is published there.
 * @throws SCHEMAS_WIRE_INVALID, OCI_REMOTE_*
 */
export async function askEndpoint(
  registry: RemoteRegistry,
  repository: string,
  { etag, signal }: ReadIndexOptions = {},
): Promise<{ readonly answer: IndexAnswer | undefined } | 'no-endpoint'> {
  if (foreign.has(registry)) return 'no-endpoint';
  const answer = await registry.document(`${PATH}${repository}`, {
    accept: MEDIA.indexDocument,
    ifNoneMatch: etag,
    signal,
  });
  if (answer.status === 304 && etag !== undefined)
    return { answer: { from: 'endpoint', unchanged: true, etag } };
  if (answer.status === 200 && answer.mediaType === MEDIA.indexDocument) {
    const document = parseIndex(answer.bytes, repository, `${registry.registry}/${repository}`);
    return { answer: { from: 'endpoint', unchanged: false, document, etag: answer.etag } };
  }
  if (answer.status === 404 && saysUnknown(answer.bytes)) return { answer: undefined };
  foreign.add(registry);
  return 'no-endpoint';
}

function saysUnknown(bytes: Uint8Array): boolean {
  try {
    const body = JSON.parse(Buffer.from(bytes).toString()) as { error?: { code?: unknown } } | null;
    return body?.error?.code === 'REGISTRY_EXTENSION_UNKNOWN';
  } catch {
    return false;
  }
}
