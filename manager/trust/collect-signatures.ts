import { counted, type ErrorCode, LIMITS, log, ProvError } from '#base';
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
/** Of one referrer's manifest, which names one bundle: longer ones are not opened. Ours have 700 bytes. */
const MAX_MANIFEST_BYTES = 64 * 1024;
/** All bundles of one artifact together. The shortest are read first, so that long ones hide nothing. */
const MAX_TOTAL_BYTES = 32 * 1024 * 1024;
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
 * whose index entry lost its artifact type) and the layers of the `.sig` tag. Broken ones are left out, and what
 * is too long to be one is never fetched.
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
  const broken = new Broken();
  const layers = await inBatches(candidates, async (manifest) => {
    const layer = await broken.unless(() => bundleLayer(store, manifest, signal));
    return layer && { manifest, layer };
  });
  const chosen = shortestFirst(layers);
  const read = await inBatches(chosen, async ({ manifest, layer }) => {
    const bytes = await broken.unless(() =>
      fetchBytes(store, layer, { limit: LIMITS.signatureBundleBytes, signal }),
    );
    return bytes && { bytes, manifest };
  });
  const place = new Map(candidates.map(({ digest }, at) => [digest, at]));
  const bundles = read.sort((x, y) => place.get(x.manifest.digest)! - place.get(y.manifest.digest)!);
  const ignored = offered.length - candidates.length + layers.length - chosen.length;
  const legacy = await readLegacy(store, subject, { broken, signal });
  broken.tell();
  return {
    bundles,
    ...legacy,
    ...(ignored === 0 ? {} : { uncertain: `${ignored} of ${offered.length} referrers were not looked at` }),
    ...(referrers.certain ? {} : { uncertain: referrers.reason ?? 'the registry gave no proper answer' }),
  };
}

/** Signatures that could not be read: told once, however many somebody attached. */
class Broken {
  readonly #found: ProvError[] = [];

  /** Undefined when what is read is broken. */
  async unless<T>(action: () => Promise<T | undefined>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof ProvError) || !BROKEN.includes(error.code)) throw error;
      this.#found.push(error);
      return undefined;
    }
  }

  tell(): void {
    const [first] = this.#found;
    if (first === undefined) return;
    const what = counted(this.#found.length, 'signature');
    log.warn(`${what} cannot be read`, { code: first.code, reason: first.message });
  }
}

function mayBeBundle({ artifactType }: Descriptor): boolean {
  return (
    artifactType === undefined ||
    artifactType === MEDIA.ociEmpty ||
    artifactType.startsWith('application/vnd.dev.sigstore.bundle')
  );
}

async function bundleLayer(
  store: ReadStore,
  manifest: Descriptor,
  signal: AbortSignal | undefined,
): Promise<Descriptor | undefined> {
  if (manifest.size > MAX_MANIFEST_BYTES) return undefined;
  const layer = (await readManifest(store, manifest, signal))?.layers[0];
  const fits =
    layer?.mediaType.startsWith('application/vnd.dev.sigstore.bundle') &&
    layer.size <= LIMITS.signatureBundleBytes;
  return fits ? layer : undefined;
}

/** The shortest bundles, as many as fit into what may be read of one artifact. */
function shortestFirst<T extends { readonly layer: Descriptor }>(all: readonly T[]): readonly T[] {
  let left = MAX_TOTAL_BYTES;
  return [...all]
    .sort((a, b) => a.layer.size - b.layer.size)
    .filter(({ layer }) => {
      left -= layer.size;
      return left >= 0;
    });
}

/** The results that are there, in order; some actions run at the same time. */
async function inBatches<T, R>(all: readonly T[], action: (each: T) => Promise<R | undefined>): Promise<R[]> {
  const found: R[] = [];
  for (let i = 0; i < all.length; i += CONCURRENCY)
    for (const result of await Promise.all(all.slice(i, i + CONCURRENCY).map(action)))
      if (result !== undefined) found.push(result);
  return found;
}

async function readLegacy(
  store: ReadStore,
  subject: Descriptor,
  { broken, signal }: { readonly broken: Broken; readonly signal: AbortSignal | undefined },
): Promise<Pick<CollectedSignatures, 'legacy' | 'legacyManifest'>> {
  const legacyManifest = await resolveOptional(store, `${subject.digest.replace(':', '-')}.sig`, { signal });
  if (!legacyManifest) return { legacy: [] };
  const manifest = await broken.unless(() => readManifest(store, legacyManifest, signal));
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
    const payload = await broken.unless(() =>
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
