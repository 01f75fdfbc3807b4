import { LIMITS } from '#base';
import { fetchBytes, type ReadStore, resolveOptional } from '#oci';
import { ANNOTATION, type Descriptor, type ImageManifest, MEDIA, parseOciManifest } from '#schemas';

export interface CollectedSignatures {
  readonly bundles: readonly { readonly bytes: Uint8Array; readonly manifest: Descriptor }[];
  readonly legacy: readonly { readonly payload: Uint8Array; readonly signature: string }[];
  /** Digest of the `.sig` manifest, when there is one. */
  readonly legacyManifest?: Descriptor;
}

/** Signatures looked at per artifact; junk beyond it is ignored, so that it cannot cost time. */
const MAX_SIGNATURES = 64;

/**
 * Every signature attached to a manifest, unverified: Sigstore bundles among its referrers (also those
 * whose index entry lost its artifact type) and the layers of the `.sig` tag.
 */
export async function collectSignatures(
  store: ReadStore,
  subject: Descriptor,
  signal?: AbortSignal,
): Promise<CollectedSignatures> {
  const candidates = (await store.referrers(subject, undefined, { signal }))
    .filter(mayBeBundle)
    .slice(0, MAX_SIGNATURES);
  const bundles: { bytes: Uint8Array; manifest: Descriptor }[] = [];
  for (const manifest of candidates) {
    const bytes = await readBundle(store, manifest, signal);
    if (bytes) bundles.push({ bytes, manifest });
  }
  return { bundles, ...(await readLegacy(store, subject, signal)) };
}

function mayBeBundle({ artifactType }: Descriptor): boolean {
  return (
    artifactType === undefined ||
    artifactType === MEDIA.ociEmpty ||
    artifactType.startsWith('application/vnd.dev.sigstore.bundle')
  );
}

async function readBundle(
  store: ReadStore,
  manifest: Descriptor,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  const layer = (await readManifest(store, manifest, signal))?.layers[0];
  if (
    !layer?.mediaType.startsWith('application/vnd.dev.sigstore.bundle') ||
    layer.size > LIMITS.signatureBundleBytes
  )
    return undefined;
  return fetchBytes(store, layer, { limit: LIMITS.signatureBundleBytes, signal });
}

async function readLegacy(
  store: ReadStore,
  subject: Descriptor,
  signal: AbortSignal | undefined,
): Promise<Pick<CollectedSignatures, 'legacy' | 'legacyManifest'>> {
  const legacyManifest = await resolveOptional(store, `${subject.digest.replace(':', '-')}.sig`, { signal });
  if (!legacyManifest) return { legacy: [] };
  const layers = (await readManifest(store, legacyManifest, signal))?.layers ?? [];
  const legacy: { payload: Uint8Array; signature: string }[] = [];
  for (const layer of layers.slice(0, MAX_SIGNATURES)) {
    const signature = layer.annotations?.[ANNOTATION.cosignSignature];
    if (
      layer.mediaType !== MEDIA.simpleSigning ||
      signature === undefined ||
      layer.size > LIMITS.signatureBundleBytes
    )
      continue;
    legacy.push({
      payload: await fetchBytes(store, layer, { limit: LIMITS.signatureBundleBytes, signal }),
      signature,
    });
  }
  return { legacy, legacyManifest };
}

async function readManifest(
  store: ReadStore,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
): Promise<ImageManifest | undefined> {
  const parsed = parseOciManifest(await fetchBytes(store, descriptor, { signal }), descriptor.mediaType);
  return parsed.kind === 'manifest' ? parsed.manifest : undefined;
}
