import { LIMITS, ProvError } from '#base';
import { MEDIA, tagToVersion } from '#schemas';
import { type Verdict, verifyArtifact } from '#trust';
import { readBlob } from '../catalogue/read-blob.js';
import { readBundles, readLegacySignatures } from '../catalogue/read-signatures.js';
import type { RegistryContext } from '../context.js';
import type { StoredManifest } from '../storage/metadata-db.js';
import { readManifest } from './read-manifest.js';

export interface GuardedManifest {
  readonly repository: string;
  readonly manifest: StoredManifest;
  /** What it is, or becomes, the content of. */
  readonly tags: readonly string[];
}

/**
 * Passes when the registry has no trust policy, when the manifest is no extension, and when the policy accepts the
 * signatures that are attached to it here.
 * @throws REGISTRY_SIGNATURE_REFUSED
 */
export async function assertSigned(context: RegistryContext, guarded: GuardedManifest): Promise<void> {
  for (const tag of guarded.tags.length === 0 ? [undefined] : guarded.tags) {
    const verdict = await judge(context, guarded, tag);
    if (verdict === undefined || verdict.ok) continue;
    const { repository, manifest } = guarded;
    const { explanation, reason, reasons } = verdict;
    throw new ProvError('REGISTRY_SIGNATURE_REFUSED', {
      repository,
      reference: tag ?? manifest.digest,
      explanation,
      reason,
      reasons,
    });
  }
}

/** Whether a version may be read by its digest. What no version points to yet is still to be signed, by others perhaps. */
export async function mayBeRead(
  context: RegistryContext,
  repository: string,
  manifest: StoredManifest,
): Promise<boolean> {
  const verdict = await verdictOf(context, repository, manifest);
  return verdict === undefined || verdict.ok;
}

/** @throws REGISTRY_SIGNATURE_REFUSED as `mayBeRead` answers no */
export async function assertReadable(
  context: RegistryContext,
  repository: string,
  { manifest, tag }: { readonly manifest: StoredManifest; readonly tag?: string | undefined },
): Promise<void> {
  if (context.trustPolicy === undefined) return;
  if (tag === undefined && (await mayBeRead(context, repository, manifest))) return;
  await assertSigned(context, { repository, manifest, tags: tag === undefined ? [] : [tag] });
}

async function verdictOf(
  context: RegistryContext,
  repository: string,
  manifest: StoredManifest,
): Promise<Verdict | undefined> {
  if (context.trustPolicy === undefined) return undefined;
  const versions = await context.metadata.listVersions(repository);
  if (!versions.some(({ digest }) => digest === manifest.digest)) return undefined;
  return judge(context, { repository, manifest, tags: [] }, undefined);
}

async function judge(
  context: RegistryContext,
  { repository, manifest }: GuardedManifest,
  tag: string | undefined,
): Promise<Verdict | undefined> {
  const { trustPolicy: policy } = context;
  if (policy === undefined) return undefined;
  const { digest, mediaType, bytes } = manifest;
  const read = readManifest(bytes, mediaType);
  const isExtension =
    read.artifactType === MEDIA.extension || read.image?.config.mediaType === MEDIA.extensionConfig;
  if (!isExtension) return undefined;
  const config =
    read.image &&
    (await readBlob(context, { repository, descriptor: read.image.config }, LIMITS.configBlobBytes));
  const referrers = await context.metadata.listReferrers(repository, digest, undefined);
  const verdict = await verifyArtifact({
    request: { repository, version: tag === undefined ? undefined : tagToVersion(tag) },
    manifest: { descriptor: { mediaType, digest, size: bytes.byteLength }, bytes },
    config,
    bundles: await readBundles(context, repository, referrers.slice(0, LIMITS.referrersPerSubject)),
    legacy: await readLegacySignatures(context, repository, digest),
    policy,
  });
  // A policy that only adds to others says nothing about what no rule of it names: other namespaces are open.
  const open = policy.layers.every(({ fallback }) => fallback === 'inherit');
  return open && verdict.reason === 'no-rule' ? undefined : verdict;
}
