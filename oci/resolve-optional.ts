import { isProvError } from '#base';
import type { Descriptor } from '#schemas';
import type { CallOptions, ReadStore } from './content-store.js';

/** What a tag or digest points to, or undefined when it is not there; other failures are thrown. */
export async function resolveOptional(
  store: Pick<ReadStore, 'resolve' | 'resolveOptional'>,
  tagOrDigest: string,
  options?: CallOptions,
): Promise<Descriptor | undefined> {
  if (store.resolveOptional !== undefined) return store.resolveOptional(tagOrDigest, options);
  try {
    return await store.resolve(tagOrDigest, options);
  } catch (error) {
    if (isProvError(error, 'OCI_REFERENCE_NOT_FOUND')) return undefined;
    throw error;
  }
}
