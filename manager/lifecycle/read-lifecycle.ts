import { type Digest, oneLine } from '#base';
import { type ReadStore, readExtension, referrerPayloads } from '#oci';
import { type ConfigBlob, type Descriptor, MEDIA } from '#schemas';
import {
  judgeStatuses,
  MAX_STATUS_BYTES,
  type PublicKey,
  policyForKeys,
  type StatusVerdict,
  type TrustPolicy,
  trustsKey,
} from '#trust';
import { verifyContent } from '../trust/verify-content.js';

export interface LifecycleRequest {
  /** `namespace/name` as asked for. */
  readonly repository: string;
  readonly version?: string | undefined;
  readonly registry?: string | undefined;
  /** Whose keys may restore. Without one: the keys that signed the extension itself. */
  readonly policy?: TrustPolicy | undefined;
  readonly provVersion: string;
  /** Saves a request where the caller has read it already. */
  readonly config?: Pick<ConfigBlob, 'deprecated'> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Lifecycle extends StatusVerdict {
  /** Referrers that say they are statuses and cannot be read as such. */
  readonly unreadable: readonly { readonly digest: Digest; readonly problem: string }[];
}

/** An envelope beside those that a store has, to see what it would change. */
export interface ProposedStatus {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
}

/**
 * The state of a version: what was said about it (referrers of type `application/vnd.prov.status.v1`) on top of
 * what its manifest says itself.
 * @throws what the store throws when it cannot be asked; never for what a status holds.
 * @see docs/spec/status.md
 */
export async function readLifecycle(
  store: ReadStore,
  descriptor: Descriptor,
  request: LifecycleRequest,
  proposed: readonly ProposedStatus[] = [],
): Promise<Lifecycle> {
  const { provVersion, signal } = request;
  const config = request.config ?? (await readExtension(store, descriptor, { provVersion, signal })).config;
  const payloads = await referrerPayloads(store, descriptor, {
    artifactType: MEDIA.status,
    layerType: MEDIA.dsseEnvelope,
    maxBytes: MAX_STATUS_BYTES,
    signal,
  });
  const found = payloads.flatMap(({ descriptor: { digest }, bytes }) =>
    bytes === undefined ? [] : [{ bytes, digest }],
  );
  const answers = new Map<string, Promise<boolean>>();
  const verdict = await judgeStatuses({
    subject: descriptor.digest,
    envelopes: [...found, ...proposed],
    declared: config.deprecated,
    mayRestore: (key) => {
      const known = answers.get(key.id) ?? mayRestore(store, descriptor, { ...request, key });
      answers.set(key.id, known);
      return known;
    },
  });
  return {
    ...verdict,
    ...(verdict.reason === undefined ? {} : { reason: oneLine(verdict.reason) }),
    unreadable: payloads.flatMap(({ descriptor: { digest }, problem }) =>
      problem === undefined ? [] : [{ digest, problem }],
    ),
  };
}

async function mayRestore(
  store: ReadStore,
  descriptor: Descriptor,
  { key, policy, repository, registry, version, signal }: LifecycleRequest & { readonly key: PublicKey },
): Promise<boolean> {
  if (policy !== undefined) return trustsKey(policy, key.id, { repository, registry, version });
  const { verdict } = await verifyContent({
    store,
    descriptor,
    repository,
    version,
    policy: policyForKeys([key]),
    signal,
  });
  return verdict.verified;
}

/** A sentence about a state that a person should know of before using the version. */
export function describeLifecycle(
  what: string,
  { state, reason, replacement }: Pick<Lifecycle, 'state' | 'reason' | 'replacement'>,
): string {
  const instead = replacement === undefined ? '' : `; take ${replacement} instead`;
  return `${what} is ${state}${reason === undefined ? '' : `: ${reason}`}${instead}`;
}
