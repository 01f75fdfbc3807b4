import { type ReadStore, readExtension } from '#oci';
import { type IndexEntry, versionToTag } from '#schemas';
import { bundleKeyId } from '#trust';
import { readLifecycle } from '../lifecycle/read-lifecycle.js';
import { collectSignatures } from '../trust/collect-signatures.js';

export interface DescribeOptions {
  readonly repository: string;
  readonly provVersion: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The index entry of a version as the registry has it now: facts from its config, state from its statuses, key ids
 * from its signatures. No `publishedAt`: only who publishes knows that.
 * @throws what reading an extension throws
 */
export async function describeVersion(
  store: ReadStore,
  version: string,
  { repository, provVersion, signal }: DescribeOptions,
): Promise<IndexEntry> {
  const descriptor = await store.resolve(versionToTag(version), { signal });
  const { config, facts } = await readExtension(store, descriptor, { provVersion, signal });
  const lifecycle = await readLifecycle(store, descriptor, {
    repository,
    version,
    provVersion,
    config,
    signal,
  });
  const { bundles } = await collectSignatures(store, descriptor, signal);
  const signers = [...new Set(bundles.flatMap(({ bytes }) => bundleKeyId(bytes) ?? []))].sort();
  const { state, reason, replacement } = lifecycle;
  return {
    version,
    digest: descriptor.digest,
    size: descriptor.size,
    kind: config.type,
    deps: facts as IndexEntry['deps'],
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(replacement === undefined ? {} : { replacement }),
    ...(signers.length === 0 ? {} : { signers }),
  };
}
