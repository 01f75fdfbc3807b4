import type { Descriptor } from '#schemas';
import type { CallOptions, ReadStore } from './content-store.js';

/** An answer that may hide something. */
export interface UncertainReferrers {
  readonly digest: string;
  readonly where: string;
  readonly reason: string;
}

/** A store that can say how far its answer can be trusted: a registry. */
interface DoubtingStore {
  inspectReferrers(
    subject: Descriptor,
    artifactType?: string,
    options?: CallOptions,
  ): Promise<{
    readonly descriptors: readonly Descriptor[];
    readonly certain: boolean;
    readonly reason?: string | undefined;
  }>;
}

/** The referrers of a manifest; `doubt` is told when the store's answer was outside the specification. */
export async function askReferrers(
  store: ReadStore & Partial<DoubtingStore>,
  subject: Descriptor,
  options: CallOptions & { readonly doubt?: (uncertain: UncertainReferrers) => void },
): Promise<readonly Descriptor[]> {
  const { signal, doubt } = options;
  if (store.inspectReferrers === undefined || doubt === undefined)
    return store.referrers(subject, undefined, { signal });
  const answer = await store.inspectReferrers(subject, undefined, { signal });
  if (!answer.certain)
    doubt({ digest: subject.digest, where: store.label, reason: answer.reason ?? 'its answer is unclear' });
  return answer.descriptors;
}
