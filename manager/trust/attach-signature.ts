import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf, ProvError } from '#base';
import { bytesSource, type RemoteRepository } from '#oci';
import { type Descriptor, type Kind, MEDIA, type SignatureForm } from '#schemas';
import {
  type BuiltManifest,
  policyForKeys,
  referrerManifest,
  type Signer,
  signArtifact,
  signatureManifest,
  signatureTag,
  verifyArtifact,
} from '#trust';
import { type CollectedSignatures, collectSignatures } from './collect-signatures.js';

export interface SignRequest {
  readonly manifest: { readonly descriptor: Descriptor; readonly bytes: Uint8Array };
  readonly config: Uint8Array;
  /** Logical `namespace/name`. */
  readonly repository: string;
  readonly version: string;
  readonly kind: Kind;
  /** `registry/namespace/name:tag`, as people will ask for it. */
  readonly dockerReference: string;
  readonly signer: Signer;
  /** RFC 3339, UTC: when it is published, where that is now. */
  readonly publishedAt?: string | undefined;
  /** Default: both. What is there in another form stays. */
  readonly form?: SignatureForm | undefined;
  /** Others may be signing it too: wait and look whether the signature stayed. Default: no. */
  readonly shared?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SignOutcome {
  readonly keyId: string;
  readonly form: SignatureForm;
  /** False when this key's signature was there already. */
  readonly added: boolean;
}

/** Times that a signature which others overwrote is put back. */
const ROUNDS = 12;
/** Tries of one round to change the `.sig` tag under others' hands. */
const TAG_TRIES = 16;
const MAX_PAUSE_MS = 2000;
/**
 * Wait before the looking again. A writer that read before we wrote, on a registry that knows no conditions,
 * has written over ours by then.
 */
const SETTLE_MS = 150;

/**
 * Signs a manifest that is on a registry, as a bundle referrer, under the `.sig` tag, or both. Adds to what
 * others signed; what this key has signed already is not signed again. With `shared`, signatures that
 * several make at once all stay, also where the registry knows neither referrers nor conditions.
 * @throws OCI_REFERRERS_CONFLICT when others overwrite it again and again.
 */
export async function attachSignature(store: RemoteRepository, request: SignRequest): Promise<SignOutcome> {
  const { manifest, signer, signal, form = 'both' } = request;
  const keyId = signer.publicKey.id;
  const existing = await collectSignatures(store, manifest.descriptor, signal);
  const [needsBundle, needsLegacy] = [
    form !== 'legacy' && !(await accepts(request, { bundles: existing.bundles.map(({ bytes }) => bytes) })),
    form !== 'bundle' && !(await accepts(request, { legacy: existing.legacy })),
  ];
  if (!needsBundle && !needsLegacy) return { keyId, form, added: false };
  const signed = await signArtifact({ ...request, key: signer });
  const own: OwnSignatures = {
    ...(needsBundle ? { bundle: referrerManifest(manifest.descriptor, signed.bundle) } : {}),
    ...(needsLegacy ? { legacy: signed.legacy } : {}),
  };
  let missing = own;
  let unbroken = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    if (missing.bundle !== undefined) await pushBuilt(store, missing.bundle, signal);
    if (missing.legacy !== undefined) await addLegacy(store, request, missing.legacy);
    if (request.shared !== true) return { keyId, form, added: true };
    await sleep(Math.min(MAX_PAUSE_MS, SETTLE_MS * (1 + Math.random()) * (1 + round)), undefined, { signal });
    missing = without(own, await collectSignatures(store, manifest.descriptor, signal));
    const lost = missing.bundle !== undefined || missing.legacy !== undefined;
    unbroken = lost ? 0 : unbroken + 1;
    // Where one was lost, others are at work: once more is looked.
    if (unbroken > 0 && (round === 0 || unbroken > 1)) return { keyId, form, added: true };
  }
  throw new ProvError('OCI_REFERRERS_CONFLICT', { digest: manifest.descriptor.digest, where: store.label });
}

interface OwnSignatures {
  readonly bundle?: BuiltManifest;
  readonly legacy?: { readonly payload: Uint8Array; readonly signature: string };
}

/** Whether this key's signature is among those found, bound to this name. */
async function accepts(
  { manifest, config, repository, version, kind, signer }: SignRequest,
  found: { bundles?: readonly Uint8Array[]; legacy?: CollectedSignatures['legacy'] },
): Promise<boolean> {
  const verdict = await verifyArtifact({
    request: { repository, version, kind },
    manifest,
    config,
    bundles: [],
    ...found,
    policy: policyForKeys([signer.publicKey]),
  });
  return verdict.ok;
}

function without({ bundle, legacy }: OwnSignatures, found: CollectedSignatures): OwnSignatures {
  const bundleThere = found.bundles.some(({ manifest }) => manifest.digest === bundle?.descriptor.digest);
  const payload = legacy && digestOf(legacy.payload);
  const legacyThere = found.legacy.some(
    (each) => each.signature === legacy?.signature && digestOf(each.payload) === payload,
  );
  return {
    ...(bundle === undefined || bundleThere ? {} : { bundle }),
    ...(legacy === undefined || legacyThere ? {} : { legacy }),
  };
}

async function pushBuilt(
  store: RemoteRepository,
  { descriptor, bytes, blobs }: BuiltManifest,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const blob of blobs) await store.push(blob.descriptor, bytesSource(blob.bytes), { signal });
  await store.push(descriptor, bytesSource(bytes), { signal });
}

/** Adds a layer to what the `.sig` tag leads to, keeping what others add at the same time. */
async function addLegacy(
  store: RemoteRepository,
  { manifest, signer, signal }: SignRequest,
  legacy: { payload: Uint8Array; signature: string },
): Promise<void> {
  const tag = signatureTag(manifest.descriptor.digest);
  for (let attempt = 0; attempt < TAG_TRIES; attempt += 1) {
    if (attempt > 0)
      await sleep(Math.random() * Math.min(MAX_PAUSE_MS, 20 * 2 ** attempt), undefined, { signal });
    const before = await store.readTag(tag, { signal });
    const built = await signatureManifest(legacy, signer.publicKey, before?.bytes);
    if (!built.changed) return;
    for (const blob of built.blobs) await store.push(blob.descriptor, bytesSource(blob.bytes), { signal });
    const written = { bytes: built.bytes, mediaType: MEDIA.ociManifest };
    if (await store.replaceTag(tag, written, before, { signal })) return;
  }
  throw new ProvError('OCI_REFERRERS_CONFLICT', { digest: manifest.descriptor.digest, where: store.label });
}
