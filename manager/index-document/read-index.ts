import { log, ProvError } from '#base';
import type { RemoteRegistry } from '#oci';
import type { IndexAnswer, ReadIndexOptions } from './index-answer.js';
import { readIndexArtifact } from './index-artifact.js';
import { askEndpoint } from './index-endpoint.js';

/**
 * The package index: from the registry's own endpoint (ours has one), else the artifact under the tag `_index`,
 * else undefined. Only a cache: whatever is wrong with it is logged and counts as absent, and every digest and
 * dependency taken from it has to be compared with the manifest. Join it with the tags (`joinIndex`).
 * @throws only the reason of an aborted `signal`.
 */
export async function readIndex(
  registry: RemoteRegistry,
  repository: string,
  options: ReadIndexOptions = {},
): Promise<IndexAnswer | undefined> {
  const { signal } = options;
  const endpoint = await usable(() => askEndpoint(registry, repository, options), signal);
  if (endpoint !== undefined && endpoint !== 'no-endpoint') return endpoint.answer;
  const kept = await usable(() => readIndexArtifact(registry.repository(repository), signal), signal);
  return kept && { from: 'artifact', unchanged: false, document: kept.document, etag: kept.state.etag };
}

/** The answer, or undefined when what is there cannot be used. */
async function usable<T>(action: () => Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (!(error instanceof ProvError)) throw error;
    log.debug('a package index cannot be used', { code: error.code, reason: error.message });
    return undefined;
  }
}
