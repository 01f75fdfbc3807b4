import { ProvError } from '#base';
import type { ContentStore, ReadStore } from '#oci';
import {
  type FileReference,
  formatReference,
  type RemoteReference,
  splitRepository,
  tagToVersion,
} from '#schemas';
import type { TrustPolicy } from '#trust';
import type { HostRole } from './connection-settings.js';
import type { Registries } from './registries.js';
import { isTarPath } from './tar-path.js';

/** Content that a reference names, opened for reading. */
export interface Location {
  readonly store: ReadStore;
  /** `namespace/name` as the place itself calls it. */
  readonly repository: string;
  /** The tag or digest to resolve. */
  readonly target: string;
  /** The version that was asked for, whatever the content may claim; none for a bare digest or a moving tag. */
  readonly version?: string | undefined;
  /** Host it is asked from, when that is a registry. */
  readonly registry?: string | undefined;
  close(): Promise<void>;
}

export interface OpenLocationOptions {
  readonly role?: HostRole | undefined;
  /** A range chooses no yanked or revoked version. Default false: whoever only looks may see all. */
  readonly usable?: boolean | undefined;
  /** Who may say that a version is usable again. Default: who signed it. */
  readonly policy?: TrustPolicy | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Opens the place of a remote, layout or bundle reference for reading. @throws OCI_*, SCHEMAS_REFERENCE_INVALID */
export async function openLocation(
  reference: RemoteReference | FileReference,
  registries: Registries,
  options: OpenLocationOptions = {},
): Promise<Location> {
  const { role } = options;
  if (reference.type === 'remote') {
    const store = registries.reader(reference.registry, reference.repository, { ...(role && { role }) });
    const target = await chooseTarget(reference, store, reference.repository, options);
    return {
      store,
      repository: reference.repository,
      target,
      version: asked(reference, target),
      registry: reference.registry,
      close: async () => {},
    };
  }
  const { openOciLayout, openOciLayoutTar } = await import('#oci');
  const layout = isTarPath(reference)
    ? await openOciLayoutTar(reference.path)
    : await openOciLayout(reference.path, { create: false });
  const repository = reference.repository ?? onlyOne(await layout.repositories(), reference);
  const store = layout.repository(repository);
  const target = await chooseTarget(reference, store, repository, options);
  return { store, repository, target, version: asked(reference, target), close: async () => layout.close() };
}

/**
 * Refuses content that is not what its tag or repository says it is, signed or not.
 * @throws MANAGER_CONTENT_MISNAMED
 */
export function assertAsked(
  config: { readonly name: string; readonly version: string },
  location: Location,
): void {
  const { name } = splitRepository(location.repository);
  const reference = `${location.store.label}:${location.target}`;
  if (location.version !== undefined && config.version !== location.version) {
    throw new ProvError('MANAGER_CONTENT_MISNAMED', {
      reference,
      reason: `it is version ${config.version} under the tag of ${location.version}`,
    });
  }
  if (name !== '' && config.name !== name) {
    throw new ProvError('MANAGER_CONTENT_MISNAMED', {
      reference,
      reason: `it is ${config.name}, not ${name}`,
    });
  }
}

/**
 * Refuses to verify what has no name: a layout that other programs wrote may hold bare tags, and a signature
 * says of what it is one. Such a layout is verified by the name that the caller gives.
 * @throws SCHEMAS_REFERENCE_INVALID
 */
export function assertNamed(location: Location, reference: RemoteReference | FileReference): void {
  if (location.repository !== '') return;
  throw new ProvError('SCHEMAS_REFERENCE_INVALID', {
    value: formatReference(reference),
    reason: 'its tags have no repository: to verify it, add what it must be, as #namespace/name:version',
  });
}

function asked(reference: RemoteReference | FileReference, target: string): string | undefined {
  return tagToVersion(reference.tag ?? target);
}

async function chooseTarget(
  reference: RemoteReference | FileReference,
  store: ReadStore | ContentStore,
  repository: string,
  { usable, policy, signal }: OpenLocationOptions,
): Promise<string> {
  if (reference.digest !== undefined) return reference.digest;
  if (reference.tag !== undefined) return reference.tag;
  const { newestTag } = await import('./newest-tag.js');
  const range = reference.type === 'remote' ? (reference.range ?? '*') : '*';
  const registry = reference.type === 'remote' ? reference.registry : undefined;
  return newestTag(store, {
    range,
    reference: formatReference(reference),
    repository,
    registry,
    usable,
    policy,
    signal,
  });
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
