import { oneLine, ProvError } from '#base';
import { attachArtifact, bytesSource, describeBytes, type RemoteRepository, readExtension } from '#oci';
import {
  ANNOTATION,
  compareStates,
  type Descriptor,
  type LifecycleState,
  MAX_STATUS_REASON,
  MEDIA,
  type RemoteReference,
} from '#schemas';
import { buildStatus, type Signer, type TrustPolicy } from '#trust';
import { openLocation } from '../access/location.js';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { updateIndex } from '../index-document/update-index.js';
import { type Rehearsed, rehearsed } from '../transfer/rehearsed.js';
import { type Lifecycle, type LifecycleRequest, readLifecycle } from './read-lifecycle.js';

export interface SetStatusOptions {
  readonly reference: RemoteReference;
  readonly state: LifecycleState;
  readonly reason: string;
  /** A name, or `name@range`. */
  readonly replacement?: string | undefined;
  /** Without one the status is unsigned: it can hide a version, and anybody who may push could have said it. */
  readonly signer?: Signer | undefined;
  readonly policy?: TrustPolicy | undefined;
  readonly dryRun?: boolean | undefined;
  /** Only take back this state. */
  readonly undoes?: LifecycleState | undefined;
}

export interface SetStatusResult extends Rehearsed {
  readonly reference: string;
  readonly digest: string;
  readonly before: LifecycleState;
  readonly state: LifecycleState;
  readonly reason: string;
  readonly replacement?: string;
  readonly sequence: number;
  readonly signedBy?: string;
  /** False when it was so already. */
  readonly changed: boolean;
  /** Digest of the manifest that says it. */
  readonly status?: string;
  readonly warnings: readonly string[];
}

/**
 * Says that a version is deprecated, yanked, revoked or active again, by a further referrer. Nothing that was
 * said before is changed or removed.
 * @throws MANAGER_STATUS_NO_EFFECT when readers would not follow it; MANAGER_STATUS_NOT_SET
 */
export async function setStatus(
  options: SetStatusOptions,
  context: ManagerContext,
): Promise<SetStatusResult> {
  const { dryRun = false, ...real } = options;
  return dryRun ? rehearsed(context, (within) => set(real, within)) : set(real, context);
}

async function set(options: SetStatusOptions, context: ManagerContext): Promise<SetStatusResult> {
  const { signal, provVersion, rehearsal } = context;
  const { reference, state, replacement, signer } = options;
  const reason = oneLine(options.reason);
  if (reason.length > MAX_STATUS_REASON)
    throw new ProvError('BASE_LIMIT_EXCEEDED', {
      what: 'the reason',
      limit: MAX_STATUS_REASON,
      unit: 'characters',
    });
  return withRegistries(context, async (registries) => {
    const { target } = await openLocation(reference, registries, { signal: context.signal });
    const store = registries.open(reference.registry).repository(reference.repository);
    const descriptor = await store.resolve(target, { signal });
    const { config } = await readExtension(store, descriptor, { provVersion, signal });
    const request: LifecycleRequest = {
      repository: reference.repository,
      registry: reference.registry,
      version: config.version,
      policy: options.policy,
      provVersion,
      config,
      signal,
    };
    const before = await readLifecycle(store, descriptor, request);
    const label = `${store.label}:${config.version}`;
    const common = {
      reference: `${label}@${descriptor.digest}`,
      digest: descriptor.digest,
      before: before.state,
      state,
      reason,
      ...(replacement === undefined ? {} : { replacement }),
      warnings: [],
    };
    if (options.undoes !== undefined && before.state !== options.undoes) {
      if (before.state === 'active') return { ...common, sequence: before.sequence, changed: false };
      throw new ProvError('MANAGER_STATUS_NOT_SET', {
        reference: label,
        state: before.state,
        undoes: options.undoes,
      });
    }
    if (says(before, options)) return { ...common, sequence: before.sequence, changed: false };
    const sequence = before.sequence + 1;
    const bytes = await buildStatus(
      {
        subject: {
          digest: descriptor.digest,
          repository: reference.repository,
          version: config.version,
        },
        state,
        reason,
        ...(replacement === undefined ? {} : { replacement }),
        sequence,
        issuedAt: new Date().toISOString(),
      },
      signer,
      signal,
    );
    const layer = describeBytes(bytes, MEDIA.dsseEnvelope);
    const proposal = await readLifecycle(store, descriptor, request, [{ bytes, digest: layer.digest }]);
    assertEffect(proposal, { ...options, before, label });
    const signedBy = signer === undefined ? {} : { signedBy: signer.publicKey.id };
    const status = await attach(store, descriptor, { bytes, layer, state, signal });
    const { problem } = await updateIndex(registries.open(reference.registry), {
      repository: reference.repository,
      versions: [config.version],
      provVersion,
      signal,
    });
    const warnings = problem === undefined ? [] : [`the index was not brought up to date: ${problem}`];
    const said = { ...common, ...signedBy, sequence, changed: true, warnings };
    // It names the time, so the real one gets another digest.
    return rehearsal === undefined ? { ...said, status: status.digest } : said;
  });
}

function says(now: Lifecycle, { state, reason, replacement, signer }: SetStatusOptions): boolean {
  if (now.state !== state || now.replacement !== replacement) return false;
  if (state !== 'active' && now.reason !== reason) return false;
  return signer === undefined || now.signedBy === signer.publicKey.id || now.sequence === 0;
}

function attach(
  store: RemoteRepository,
  subject: Descriptor,
  {
    bytes,
    layer,
    state,
    signal,
  }: { bytes: Uint8Array; layer: Descriptor; state: LifecycleState; signal: AbortSignal | undefined },
): Promise<Descriptor> {
  return attachArtifact(store, {
    subject,
    artifactType: MEDIA.status,
    layers: [{ descriptor: layer, source: bytesSource(bytes) }],
    annotations: { [ANNOTATION.statusState]: state },
    signal,
  });
}

/** What nobody would follow is not written: it would only look as if it had worked. */
function assertEffect(
  after: Lifecycle,
  { state, signer, before, label }: SetStatusOptions & { readonly before: Lifecycle; readonly label: string },
): void {
  const own = after.steps.find(({ sequence }) => sequence === before.sequence + 1);
  if (own?.counted === true) return;
  const better = compareStates(state, before.state) < 0;
  const reason =
    signer === undefined
      ? better
        ? 'an unsigned status can hide a version and never restore one'
        : 'an unsigned status cannot replace what a key has said'
      : 'the key neither signed the extension, nor said what is to be taken back, nor does the trust policy name it';
  throw new ProvError('MANAGER_STATUS_NO_EFFECT', { reference: label, before: before.state, state, reason });
}
