import { fetchBytes, type ReadExtension, type ReadStore } from '#oci';
import type { Descriptor, Kind } from '#schemas';
import { type PreviousSigner, policyLimits, type TrustPolicy, type Verdict, verifyArtifact } from '#trust';
import { type CollectedSignatures, collectSignatures } from './collect-signatures.js';
import { type WholeManifest, wholeManifest } from './whole-manifest.js';

export interface VerifyRequest {
  readonly store: ReadStore;
  readonly descriptor: Descriptor;
  /** Logical `namespace/name` that was asked for: the lock's source, never a mirror's path. */
  readonly repository: string;
  readonly version?: string | undefined;
  readonly kind?: Kind | undefined;
  /** The host it is asked from, for rules and mirrors that name one. */
  readonly registry?: string | undefined;
  readonly policy: TrustPolicy;
  /** Who signed what was used before, where that is known. */
  readonly previous?: PreviousSigner | undefined;
  /** What was read of it a moment ago, from this store. */
  readonly read?: ReadExtension | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface VerifiedContent {
  readonly verdict: Verdict;
  readonly signatures: CollectedSignatures;
  readonly manifestBytes: Uint8Array;
  readonly manifest: WholeManifest;
}

/** Asks the trust policy about a manifest and its signatures, from the store's own bytes. Does not throw for a "no". */
export async function verifyContent(request: VerifyRequest): Promise<VerifiedContent> {
  const { store, descriptor, signal, policy, repository, version, kind } = request;
  const read = ofOneManifest(request.read);
  const manifestBytes = read?.rootBytes ?? (await fetchBytes(store, descriptor, { signal }));
  const manifest =
    read?.manifest ?? (await wholeManifest(store, descriptor, { bytes: manifestBytes, signal }));
  const config = read?.configBytes ?? (await fetchBytes(store, manifest.config, { signal }));
  const signatures = await collectSignatures(store, descriptor, signal, policyLimits(policy));
  const verdict = await verifyArtifact({
    request: {
      repository,
      version,
      kind,
      ...(request.registry === undefined ? {} : { registry: request.registry }),
    },
    manifest: { descriptor, bytes: manifestBytes },
    config,
    bundles: signatures.bundles.map(({ bytes }) => bytes),
    legacy: signatures.legacy,
    uncertain: signatures.uncertain,
    previous: request.previous,
    policy,
  });
  return { verdict, signatures, manifestBytes, manifest };
}

/** Of an extension that differs by platform, only the manifest of one platform was read. */
function ofOneManifest(read: ReadExtension | undefined): ReadExtension | undefined {
  return read?.descriptor.digest === read?.root.digest ? read : undefined;
}
