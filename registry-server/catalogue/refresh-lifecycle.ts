import { type Digest, LIMITS, log } from '#base';
import { type ConfigBlob, MEDIA } from '#schemas';
import { bundleKeyId, judgeStatuses, MAX_STATUS_BYTES, policyForKeys, verifyArtifact } from '#trust';
import type { RegistryContext } from '../context.js';
import type { LifecycleRecord } from '../storage/metadata-db.js';
import { readBlob } from './read-blob.js';
import { imageOf, readBundles, referrerPayload } from './read-signatures.js';

/** Referrers looked at for one version. Clients refuse lists that are longer. */
const MAX_REFERRERS = LIMITS.referrersPerSubject;

/** Refreshes of one version follow each other: the last one has seen everything. */
const running = new WeakMap<RegistryContext, Map<string, Promise<void>>>();

/**
 * Stores anew what the referrers of a version say of it, for the index. A failure is logged and tried again at
 * the next start: what was pushed is pushed.
 */
export async function refreshLifecycle(
  context: RegistryContext,
  repository: string,
  digest: Digest,
): Promise<void> {
  const all = running.get(context) ?? new Map<string, Promise<void>>();
  running.set(context, all);
  const key = `${repository}@${digest}`;
  const own = (all.get(key) ?? Promise.resolve()).then(async () => {
    try {
      await context.metadata.setLifecycle(
        repository,
        digest,
        await computeLifecycle(context, repository, digest),
      );
      context.cache.forgetManifest(repository, digest);
    } catch (error) {
      log.error('the lifecycle of a version cannot be stored', { repository, digest, reason: String(error) });
    }
  });
  all.set(key, own);
  await own;
  if (all.get(key) === own) all.delete(key);
}

/** Catches up on what a crash left undone. */
export async function refreshDueLifecycles(context: RegistryContext): Promise<void> {
  for (const { repository, digest } of await context.metadata.listLifecycleDue())
    await refreshLifecycle(context, repository, digest);
}

/**
 * The state by the rules that readers without a trust policy follow: who signed the extension or hid it may
 * restore it. Undefined when no referrer says anything.
 */
async function computeLifecycle(
  context: RegistryContext,
  repository: string,
  digest: Digest,
): Promise<LifecycleRecord | undefined> {
  const manifest = await context.cache.find(repository, { digest });
  const image = manifest && imageOf(manifest);
  if (manifest === undefined || image?.config.mediaType !== MEDIA.extensionConfig) return undefined;
  const referrers = await context.metadata.listReferrers(repository, digest, undefined);
  if (referrers.length > MAX_REFERRERS)
    log.warn('a version has more referrers than are looked at', { repository, digest });
  const looked = referrers.slice(0, MAX_REFERRERS);
  const envelopes: { bytes: Uint8Array; digest: Digest }[] = [];
  for (const referrer of looked) {
    if (referrer.artifactType !== MEDIA.status) continue;
    const about = { repository, referrer, wanted: isEnvelope };
    const bytes = await referrerPayload(context, about, MAX_STATUS_BYTES);
    if (bytes) envelopes.push({ bytes, digest: referrer.digest });
  }
  const bundles = await readBundles(context, repository, looked);
  const signers = [...new Set(bundles.flatMap((bytes) => bundleKeyId(bytes) ?? []))].sort();
  if (envelopes.length === 0 && signers.length === 0) return undefined;
  const config = await readBlob(context, { repository, descriptor: image.config }, LIMITS.configBlobBytes);
  const { mediaType, bytes } = manifest;
  const verdict = await judgeStatuses({
    subject: digest,
    envelopes,
    declared: declaredBy(config),
    mayRestore: async (key) => {
      const { verified } = await verifyArtifact({
        request: { repository },
        manifest: { descriptor: { mediaType, digest, size: bytes.byteLength }, bytes },
        config,
        bundles,
        policy: policyForKeys([key]),
      });
      return verified;
    },
  });
  const counted = verdict.steps.some((step) => step.counted);
  if (!counted) return { signers };
  const { state, reason, replacement } = verdict;
  return { state, reason, replacement, signers };
}

function declaredBy(config: Uint8Array | undefined): ConfigBlob['deprecated'] {
  if (config === undefined) return undefined;
  return (JSON.parse(Buffer.from(config).toString()) as ConfigBlob).deprecated;
}

const isEnvelope = (mediaType: string) => mediaType === MEDIA.dsseEnvelope;
