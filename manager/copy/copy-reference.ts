import { isDigest, ProvError } from '#base';
import { type CopyResult, copyGraph, openOciLayout } from '#oci';
import { type FileReference, formatReference, type RemoteReference } from '#schemas';
import { openLocation } from '../access/location.js';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';

export interface CopyReferenceOptions {
  readonly from: RemoteReference | FileReference;
  readonly to: RemoteReference | FileReference;
}

export type CopyReferenceResult = CopyResult & {
  readonly from: string;
  readonly to: string;
  readonly digest: string;
};

/** Copies an artifact with everything attached to it; content that is there is not sent again. */
export async function copyReference(
  { from, to }: CopyReferenceOptions,
  context: ManagerContext,
): Promise<CopyReferenceResult> {
  const { signal } = context;
  return withRegistries(context, async (registries) => {
    const source = await openLocation(from, registries);
    const layout = to.type === 'remote' ? undefined : await openOciLayout(to.path, { create: true });
    try {
      const repository = to.repository ?? source.repository;
      const target = layout
        ? layout.repository(repository)
        : registries.open((to as RemoteReference).registry).repository(repository);
      const descriptor = await source.store.resolve(source.target, { signal });
      const tag = to.tag ?? (isDigest(source.target) ? undefined : source.target);
      if (to.digest !== undefined && to.digest !== descriptor.digest)
        throw new ProvError('OCI_DIGEST_MISMATCH', {
          expected: to.digest,
          actual: descriptor.digest,
          where: formatReference(from),
        });
      const result = await copyGraph(source.store, target, [descriptor], {
        signal,
        ...(tag === undefined ? {} : { tags: new Map([[descriptor.digest, [tag]]]) }),
      });
      return {
        ...result,
        from: formatReference(from),
        to: `${target.label}${tag === undefined ? '' : `:${tag}`}`,
        digest: descriptor.digest,
      };
    } finally {
      await source.close();
      await layout?.close();
    }
  });
}
