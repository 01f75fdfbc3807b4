import { type ErrorCode, LIMITS, log, ProvError } from '#base';
import { fetchBytes, mayDoubt, type ReadStore, resolveOptional } from '#oci';
import { ANNOTATION, type Descriptor, type ImageManifest, MEDIA, parseOciManifest } from '#schemas';
import type { PolicyLimits } from '#trust';

export interface CollectedSignatures {
  readonly bundles: readonly { readonly bytes: Uint8Array; readonly manifest: Descriptor }[];
  readonly legacy: readonly { readonly payload: Uint8Array; readonly signature: string }[];
  /** Digest of the `.sig` manifest, when there is one. */
  readonly legacyManifest?: Descriptor;
  /** Why there may be more than was found. */
  readonly uncertain?: string;
}

/** Referrers looked at per artifact, as many as trust itself judges; what lies beyond is reported as junk. */
const MAX_BUNDLES = 1000;
const MAX_LEGACY = 200;
/** Referrers read at the same time. */
const CONCURRENCY = 16;
/** What is wrong with one signature must not hide the others. */
const BROKEN: readonly ErrorCode[] = [
  'SCHEMAS_WIRE_INVALID',
  'OCI_CONTENT_MISSING',
  'OCI_DIGEST_MISMATCH',
  'OCI_SIZE_MISMATCH',
  'BASE_LIMIT_EXCEEDED',
];

/**
 * Every signature attached to a manifest, unverified: Sigstore bundles among its referrers (also those
 * whose index entry lost its artifact type) and the layers of the `.sig` tag. Broken ones are left out.
 */
export async function collectSignatures(
  store: ReadStore,
  subject: Descriptor,
  signal?: AbortSignal,
  { signatures: most = MAX_BUNDLES }: PolicyLimits = {},
): Promise<CollectedSignatures> {
  const referrers = mayDoubt(store)
    ? await store.inspectReferrers(subject, undefined, { signal })
    : {
        descriptors: await store.referrers(subject, undefined, { signal }),
        certain: true,
        reason: undefined,
      };
  const offered = referrers.descriptors.filter(mayBeBundle);
  const candidates = offered.slice(0, Math.min(most, MAX_BUNDLES));
  const ignored = offered.length - candidates.length;
  const bundles: { bytes: Uint8Array; manifest: Descriptor }[] = [];
  for (let i = 0; i < candidates.length; i += CONCURRENCY) {
    const batch = candidates.slice(i, i + CONCURRENCY);
    const read = await Promise.all(
      batch.map((manifest) => unlessBroken(() => readBundle(store, manifest, signal))),
    );
    read.forEach((bytes, at) => {
      if (bytes) bundles.push({ bytes, manifest: batch[at]! });
    });
  }
  return {
    bundles,
    ...(await readLegacy(store, subject, signal)),
    ...(ignored === 0 ? {} : { uncertain: `${ignored} of ${offered.length} referrers were not looked at` }),
    ...(referrers.certain ? {} : { uncertain: referrers.reason ?? 'the registry gave no proper answer' }),
  };
}

async function unlessBroken<T>(action: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof ProvError) || !BROKEN.includes(error.code)) throw error;
    log.warn('a signature cannot be read', { code: error.code, reason: error.message });
    return undefined;
  }
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
  const manifest = await unlessBroken(() => readManifest(store, legacyManifest, signal));
  const layers = manifest?.layers ?? [];
  const legacy: { payload: Uint8Array; signature: string }[] = [];
  for (const layer of layers.slice(0, MAX_LEGACY)) {
    const signature = layer.annotations?.[ANNOTATION.cosignSignature];
    if (
      layer.mediaType !== MEDIA.simpleSigning ||
      signature === undefined ||
      layer.size > LIMITS.signatureBundleBytes
    )
      continue;
    const payload = await unlessBroken(() =>
      fetchBytes(store, layer, { limit: LIMITS.signatureBundleBytes, signal }),
    );
    if (payload) legacy.push({ payload, signature });
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
