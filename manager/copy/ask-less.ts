import { type Digest, isProvError, log } from '#base';
import { type ContentStore, type MountingStore, resolveOptional, type TaggingStore } from '#oci';
import { isManifestType } from '#schemas';
import { CHEAP_TO_SEND_BYTES } from '../transfer/cheap-to-send.js';

type Target = ContentStore & Partial<MountingStore & TaggingStore>;

/**
 * A store that is not asked for small blobs and for tags, when it has no tag at all: they are not there, but for what an
 * earlier try left or others bring meanwhile (a tag is looked at once more before it is set). What is pushed here
 * is asked for from then on.
 */
export async function askLess(store: Target, signal: AbortSignal | undefined): Promise<Target> {
  if (!(await isEmpty(store, signal))) return store;
  const pushed = new Set<Digest>();
  const tagged = new Set<string>();
  const { pushTagged } = store;
  return {
    ...store,
    async exists(descriptor, options) {
      const { digest, size, mediaType } = descriptor;
      const ask = pushed.has(digest) || size > CHEAP_TO_SEND_BYTES || isManifestType(mediaType);
      return ask && store.exists(descriptor, options);
    },
    async resolveOptional(reference, options) {
      return reference.includes(':') || tagged.has(reference)
        ? resolveOptional(store, reference, options)
        : undefined;
    },
    async push(descriptor, source, options) {
      await store.push(descriptor, source, options);
      pushed.add(descriptor.digest);
    },
    async tag(descriptor, tag, options) {
      tagged.add(tag);
      await store.tag(descriptor, tag, options);
    },
    ...(pushTagged && {
      async pushTagged(manifest, tag, options) {
        tagged.add(tag);
        await pushTagged(manifest, tag, options);
      },
    }),
  };
}

async function isEmpty(store: Target, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    return (await store.list({ signal })).length === 0;
  } catch (error) {
    if (signal?.aborted || !isProvError(error)) throw error;
    // Who may push may still not be allowed to list.
    log.debug('the tags of the target are not known', { where: store.label, reason: error.message });
    return false;
  }
}
