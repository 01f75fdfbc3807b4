import { LIMITS } from '#base';
import { ANNOTATION, type Descriptor, type ImageManifest, MEDIA, parseOciManifest } from '#schemas';
import { type LegacySignature, signatureTag } from '#trust';
import type { RegistryContext } from '../context.js';
import { isBundleType } from '../storage/lifecycle-referrers.js';
import type { StoredManifest } from '../storage/metadata-db.js';
import { readBlob } from './read-blob.js';

/** Layers of a `.sig` manifest that are looked at. */
const MAX_LEGACY = 200;

/** The image manifest; undefined for an index. */
export function imageOf({ bytes, mediaType }: StoredManifest): ImageManifest | undefined {
  const parsed = parseOciManifest(bytes, mediaType);
  return parsed.kind === 'manifest' ? parsed.manifest : undefined;
}

/** The first wanted layer of a referrer; undefined when it is not there or longer than `limit` bytes. */
export async function referrerPayload(
  context: RegistryContext,
  {
    repository,
    referrer,
    wanted,
  }: {
    readonly repository: string;
    readonly referrer: Descriptor;
    readonly wanted: (mediaType: string) => boolean;
  },
  limit: number,
): Promise<Uint8Array | undefined> {
  const manifest = await context.cache.find(repository, { digest: referrer.digest });
  const layer = manifest && imageOf(manifest)?.layers.find(({ mediaType }) => wanted(mediaType));
  return layer && readBlob(context, { repository, descriptor: layer }, limit);
}

/** The bundles among referrers, unverified; those that cannot be read are left out. */
export async function readBundles(
  context: RegistryContext,
  repository: string,
  referrers: readonly Descriptor[],
): Promise<readonly Uint8Array[]> {
  const wanted = (mediaType: string) => mediaType.startsWith('application/vnd.dev.sigstore.bundle');
  const bundles: Uint8Array[] = [];
  for (const referrer of referrers) {
    if (!isBundleType(referrer.artifactType)) continue;
    const about = { repository, referrer, wanted };
    const bytes = await referrerPayload(context, about, LIMITS.signatureBundleBytes);
    if (bytes) bundles.push(bytes);
  }
  return bundles;
}

/** The signatures of the `.sig` tag, unverified. */
export async function readLegacySignatures(
  context: RegistryContext,
  repository: string,
  subject: Descriptor['digest'],
): Promise<readonly LegacySignature[]> {
  const manifest = await context.cache.find(repository, { tag: signatureTag(subject) });
  const layers = (manifest && imageOf(manifest)?.layers) ?? [];
  const found: LegacySignature[] = [];
  for (const descriptor of layers.slice(0, MAX_LEGACY)) {
    const signature = descriptor.annotations?.[ANNOTATION.cosignSignature];
    if (descriptor.mediaType !== MEDIA.simpleSigning || signature === undefined) continue;
    const payload = await readBlob(context, { repository, descriptor }, LIMITS.signatureBundleBytes);
    if (payload) found.push({ payload, signature });
  }
  return found;
}
