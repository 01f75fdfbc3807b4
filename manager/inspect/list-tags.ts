import { ProvError } from '#base';
import { openLocation } from '../access/location.js';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import type { Packed } from './with-target.js';

/** The tags of a repository, sorted. @throws MANAGER_PACKAGE_UNKNOWN when there is none */
export async function listTags(
  reference: Packed,
  context: ManagerContext,
): Promise<{ readonly repository: string; readonly tags: readonly string[] }> {
  return withRegistries(context, async (registries) => {
    const anyTag = reference.type === 'remote' ? { ...reference, tag: 'any' } : reference;
    const location = await openLocation(anyTag, registries);
    try {
      const tags = await location.store.list({ signal: context.signal });
      if (tags.length === 0)
        throw new ProvError('MANAGER_PACKAGE_UNKNOWN', { repository: location.store.label });
      return { repository: location.store.label, tags };
    } finally {
      await location.close();
    }
  });
}
