import { bytesSource, fetchBytes, type RemoteRepository, resolveOptional } from '#oci';
import type { Descriptor, Kind } from '#schemas';
import {
  policyForKeys,
  referrerManifest,
  type Signer,
  signArtifact,
  signatureManifest,
  signatureTag,
  verifyArtifact,
} from '#trust';
import { collectSignatures } from './collect-signatures.js';

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
  readonly signal?: AbortSignal | undefined;
}

export interface SignOutcome {
  readonly keyId: string;
  /** False when this key's signature was there already. */
  readonly added: boolean;
}

/**
 * Signs a manifest that is on a registry, as a bundle referrer and under the `.sig` tag. Adds to what
 * others signed; what this key has signed already is not signed again.
 */
export async function attachSignature(store: RemoteRepository, request: SignRequest): Promise<SignOutcome> {
  const { manifest, signer, signal } = request;
  const subject = manifest.descriptor;
  const existing = await collectSignatures(store, subject, signal);
  const accepted = async (part: 'bundles' | 'legacy') => {
    const policy = policyForKeys([signer.publicKey]);
    const { repository, version, kind } = request;
    const verdict = await verifyArtifact({
      request: { repository, version, kind },
      manifest,
      config: request.config,
      bundles: part === 'bundles' ? existing.bundles.map(({ bytes }) => bytes) : [],
      legacy: part === 'legacy' ? existing.legacy : [],
      policy,
    });
    return verdict.ok;
  };
  const [hasBundle, hasLegacy] = [await accepted('bundles'), await accepted('legacy')];
  if (hasBundle && hasLegacy) return { keyId: signer.publicKey.id, added: false };
  const signed = await signArtifact({
    manifest,
    repository: request.repository,
    version: request.version,
    kind: request.kind,
    key: signer,
    dockerReference: request.dockerReference,
    signal,
  });
  if (!hasBundle) {
    const built = referrerManifest(subject, signed.bundle);
    for (const { descriptor, bytes } of built.blobs)
      await store.push(descriptor, bytesSource(bytes), { signal });
    await store.push(built.descriptor, bytesSource(built.bytes), { signal });
  }
  if (!hasLegacy) await addLegacy(store, request, signed.legacy);
  return { keyId: signed.keyId, added: true };
}

async function addLegacy(
  store: RemoteRepository,
  { manifest, signer, signal }: SignRequest,
  legacy: { payload: Uint8Array; signature: string },
): Promise<void> {
  const tag = signatureTag(manifest.descriptor.digest);
  const current = await resolveOptional(store, tag, { signal });
  const before = current && (await fetchBytes(store, current, { signal }));
  const built = await signatureManifest(legacy, signer.publicKey, before);
  for (const { descriptor, bytes } of built.blobs)
    await store.push(descriptor, bytesSource(bytes), { signal });
  await store.push(built.descriptor, bytesSource(built.bytes), { signal });
  await store.tag(built.descriptor, tag, { signal });
}
