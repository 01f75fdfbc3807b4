import type { Descriptor } from '#schemas';
import { type CallOptions, mayDoubt, type ReadStore } from './content-store.js';

/** An answer that may hide something. */
export interface UncertainReferrers {
  readonly digest: string;
  readonly where: string;
  readonly reason: string;
}

/** The referrers of a manifest; `doubt` is told when the store's answer was outside the specification. */
export async function askReferrers(
  store: ReadStore,
  subject: Descriptor,
  options: CallOptions & { readonly doubt?: (uncertain: UncertainReferrers) => void },
): Promise<readonly Descriptor[]> {
  const { signal, doubt } = options;
  if (doubt === undefined || !mayDoubt(store)) return store.referrers(subject, undefined, { signal });
  const answer = await store.inspectReferrers(subject, undefined, { signal });
  if (!answer.certain)
    doubt({ digest: subject.digest, where: store.label, reason: answer.reason ?? 'its answer is unclear' });
  return answer.descriptors;
}
