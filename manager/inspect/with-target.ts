import type { ReadStore } from '#oci';
import type { Descriptor, FileReference, RemoteReference } from '#schemas';
import { openLocation } from '../access/location.js';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';

/** A reference to something packed. */
export type Packed = RemoteReference | FileReference;

/** Runs `action` with the store that a reference points into and the descriptor it names there. */
export async function withTarget<T>(
  reference: Packed,
  context: ManagerContext,
  action: (store: ReadStore, descriptor: Descriptor) => Promise<T>,
): Promise<T> {
  return withRegistries(context, async (registries) => {
    const location = await openLocation(reference, registries, { signal: context.signal });
    try {
      return await action(
        location.store,
        await location.store.resolve(location.target, { signal: context.signal }),
      );
    } finally {
      await location.close();
    }
  });
}
