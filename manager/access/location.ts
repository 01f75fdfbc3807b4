import { ProvError } from '#base';
import type { ContentStore, ReadStore } from '#oci';
import { type FileReference, formatReference, type RemoteReference } from '#schemas';
import type { Registries } from './registries.js';

/** Content that a reference names, opened for reading. */
export interface Location {
  readonly store: ReadStore;
  /** `namespace/name` as the place itself calls it. */
  readonly repository: string;
  /** The tag or digest that was asked for. */
  readonly target: string;
  close(): Promise<void>;
}

/** Opens the place of a remote, layout or bundle reference for reading. @throws OCI_*, SCHEMAS_REFERENCE_INVALID */
export async function openLocation(
  reference: RemoteReference | FileReference,
  registries: Registries,
): Promise<Location> {
  if (reference.type === 'remote') {
    const registry = registries.open(reference.registry);
    const store = registry.repository(reference.repository);
    return {
      store,
      repository: reference.repository,
      target: await chooseTarget(reference, store),
      close: async () => {},
    };
  }
  const { openOciLayout, openOciLayoutTar } = await import('#oci');
  const layout =
    reference.type === 'bundle'
      ? await openOciLayoutTar(reference.path)
      : await openOciLayout(reference.path);
  const repository = reference.repository ?? onlyOne(await layout.repositories(), reference);
  const store = layout.repository(repository);
  return {
    store,
    repository,
    target: await chooseTarget(reference, store),
    close: async () => layout.close(),
  };
}

async function chooseTarget(
  reference: RemoteReference | FileReference,
  store: ReadStore | ContentStore,
): Promise<string> {
  if (reference.digest !== undefined) return reference.digest;
  if (reference.tag !== undefined) return reference.tag;
  const { newestTag } = await import('./newest-tag.js');
  const range = reference.type === 'remote' ? (reference.range ?? '*') : '*';
  return newestTag(store, range, formatReference(reference));
}

function onlyOne(repositories: readonly string[], reference: FileReference): string {
  const [only, ...others] = repositories;
  if (only !== undefined && others.length === 0) return only;
  throw new ProvError('SCHEMAS_REFERENCE_INVALID', {
    value: formatReference(reference),
    reason:
      only === undefined
        ? 'it holds no repository'
        : `it holds several repositories (${repositories.join(', ')}): name one after #`,
  });
}
