import type { Digest } from '#base';
import type { Kind, Lock } from '#schemas';
import type { BundleFile } from './bundle-format.js';
import { openBundle, verifyBundle } from './open-bundle.js';

/** What is in a bundle. */
export interface BundleReport {
  readonly file: string;
  /** Bytes of the file. */
  readonly size: number;
  readonly lock: Lock;
  /** Names of what travels beside the lock, such as a trust policy. */
  readonly files: readonly Pick<BundleFile, 'name' | 'mediaType'>[];
  readonly extensions: readonly BundledExtensionReport[];
  readonly manifests: number;
  readonly blobs: number;
  /** Bytes of manifests and blobs. */
  readonly bytes: number;
}

export interface BundledExtensionReport {
  readonly kind: Kind;
  readonly name: string;
  readonly version: string;
  readonly registry: string;
  /** `namespace/name:tag`. */
  readonly reference: string;
  readonly digest: Digest;
  /** Manifests that travel with it: signatures, attestations, assets, children. */
  readonly attached: number;
}

/**
 * Says what is in a bundle after checking every byte of it.
 * @throws MIRROR_BUNDLE_INVALID, MIRROR_BUNDLE_FOREIGN, BASE_FILE_MISSING
 */
export async function inspectBundle(
  file: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<BundleReport> {
  const bundle = await openBundle(file, options.signal);
  try {
    const { manifests, blobs, bytes, proofs } = await verifyBundle(bundle, options.signal);
    const { lock, files } = bundle.content;
    const extensions = bundle.groups.flat().map(({ entry, registry, repository, tag, descriptor }) => ({
      kind: entry.kind,
      name: entry.name,
      version: entry.version,
      registry,
      reference: `${repository}:${tag}`,
      digest: descriptor.digest,
      attached: proofs.get(descriptor.digest) ?? 0,
    }));
    const named = files.map(({ name, mediaType }) => ({ name, mediaType }));
    return { file, size: bundle.size, lock, files: named, extensions, manifests, blobs, bytes };
  } finally {
    await bundle.close();
  }
}
