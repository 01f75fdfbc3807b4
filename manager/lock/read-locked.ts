import { type ReadExtension, type ReadStore, readExtension } from '#oci';
import type { RemoteLockEntry } from '#schemas';
import { assertTrusted, type TrustPolicy } from '#trust';
import { hostPlatform, isForThisPlatform } from '#workspace';
import type { ManagerContext } from '../context.js';
import { verifyContent } from '../trust/verify-content.js';
import { wholeManifest } from '../trust/whole-manifest.js';
import { assertUnedited, contentFlaws, type LockedContent } from './content-flaws.js';

/** What was read of a locked extension. */
export interface ReadLocked extends LockedContent {
  /** As it is on this platform; on any, where it is for others. */
  readonly extension: ReadExtension;
}

/**
 * Reads manifest and config of a locked extension, by the digests in the lock.
 * @throws OCI_CONTENT_MISSING, OCI_REFERENCE_NOT_FOUND, OCI_DIGEST_MISMATCH, OCI_ARTIFACT_NOT_EXTENSION, …
 */
export async function readLocked(
  entry: RemoteLockEntry,
  store: ReadStore,
  { provVersion, signal }: Pick<ManagerContext, 'provVersion' | 'signal'>,
): Promise<ReadLocked> {
  const platform = isForThisPlatform(entry) ? hostPlatform() : undefined;
  const extension = await readExtension(store, entry.manifest, { provVersion, platform, signal });
  const { config, rootBytes, root, descriptor } = extension;
  const manifest =
    root.digest === descriptor.digest
      ? extension.manifest
      : await wholeManifest(store, root, { bytes: rootBytes, signal });
  return { manifest, config, extension };
}

export interface VerifyLockedRequest {
  readonly store: ReadStore;
  /** Host of the registry, for rules that name one. */
  readonly host: string;
  readonly policy: TrustPolicy;
  /** Whether the policy is the one that the lock was made under, so that it names the same signers. */
  readonly samePolicy?: boolean | undefined;
  readonly ageSource?: 'registry' | undefined;
}

/**
 * Reads a locked extension and passes only when the trust policy accepts it and the lock says of it what it is.
 * @throws TRUST_REFUSED, MANAGER_LOCK_EDITED; what `readLocked` throws
 */
export async function verifyLocked(
  entry: RemoteLockEntry,
  { store, host, policy, samePolicy = false, ageSource }: VerifyLockedRequest,
  context: Pick<ManagerContext, 'provVersion' | 'signal'>,
): Promise<ReadLocked> {
  const read = await readLocked(entry, store, context);
  const { verdict } = await verifyContent({
    store,
    descriptor: entry.manifest,
    repository: entry.source.repository,
    registry: host,
    version: entry.version,
    kind: entry.kind,
    policy,
    read: read.extension,
    signal: context.signal,
  });
  assertTrusted(verdict);
  assertUnedited(entry, contentFlaws(entry, samePolicy ? { ...read, verdict, ageSource } : read));
  return read;
}
