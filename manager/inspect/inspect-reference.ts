import { ProvError } from '#base';
import { type ReadStore, readExtension } from '#oci';
import {
  ANNOTATION,
  type DependencyFacts,
  type Descriptor,
  dependencyFacts,
  type FileReference,
  formatReference,
  type Kind,
  type RemoteReference,
} from '#schemas';
import { openLocation } from '../access/location.js';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { collectSignatures } from '../trust/collect-signatures.js';

type Packed = RemoteReference | FileReference;

export interface InspectResult {
  readonly reference: string;
  readonly digest: string;
  readonly kind: Kind;
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly facts: DependencyFacts;
  readonly layers: readonly {
    readonly mediaType: string;
    readonly digest: string;
    readonly size: number;
    readonly asset?: string;
  }[];
  readonly signatures: number;
}

/** What an extension is and holds, without fetching its content. */
export async function inspectReference(reference: Packed, context: ManagerContext): Promise<InspectResult> {
  return withTarget(reference, context, async (store, descriptor) => {
    const { manifest, config } = await readExtension(store, descriptor, {
      provVersion: context.provVersion,
      signal: context.signal,
    });
    const { bundles, legacy } = await collectSignatures(store, descriptor, context.signal);
    return {
      reference: formatReference({ ...reference, digest: descriptor.digest }),
      digest: descriptor.digest,
      kind: config.type,
      name: config.name,
      version: config.version,
      description: config.description,
      facts: dependencyFacts(config),
      layers: manifest.layers.map(({ mediaType, digest, size, annotations }) => {
        const asset = annotations?.[ANNOTATION.asset];
        return { mediaType, digest, size, ...(asset === undefined ? {} : { asset }) };
      }),
      signatures: bundles.length + legacy.length,
    };
  });
}

export interface DiscoverResult {
  readonly reference: string;
  readonly digest: string;
  readonly referrers: readonly Descriptor[];
}

/** What is attached to an artifact. */
export async function discoverReferrers(
  reference: Packed,
  artifactType: string | undefined,
  context: ManagerContext,
): Promise<DiscoverResult> {
  return withTarget(reference, context, async (store, descriptor) => ({
    reference: formatReference({ ...reference, digest: descriptor.digest }),
    digest: descriptor.digest,
    referrers: await store.referrers(descriptor, artifactType, { signal: context.signal }),
  }));
}

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

async function withTarget<T>(
  reference: Packed,
  context: ManagerContext,
  action: (store: ReadStore, descriptor: Descriptor) => Promise<T>,
): Promise<T> {
  return withRegistries(context, async (registries) => {
    const location = await openLocation(reference, registries);
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
