import { readExtension } from '#oci';
import { type FileReference, formatReference, type Kind, type RemoteReference } from '#schemas';
import { assertTrusted, type Reason, type TrustPolicy, type Verdict } from '#trust';
import { assertNamed, openLocation } from '../access/location.js';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { verifyContent } from './verify-content.js';

export interface VerifyReferenceOptions {
  readonly reference: RemoteReference | FileReference;
  readonly policy: TrustPolicy;
}

export interface VerifyReferenceResult {
  readonly reference: string;
  readonly digest: string;
  readonly kind: Kind;
  readonly name: string;
  readonly version: string;
  readonly signer?: string;
  readonly rule?: string;
  readonly reasons: readonly Reason[];
}

export interface JudgedReference extends Omit<VerifyReferenceResult, 'signer' | 'rule' | 'reasons'> {
  readonly verdict: Verdict;
}

/**
 * Returns only when the policy's rules are met, also where the policy would merely warn.
 * @throws TRUST_REFUSED with the reasons
 */
export async function verifyReference(
  options: VerifyReferenceOptions,
  context: ManagerContext,
): Promise<VerifyReferenceResult> {
  const { verdict, ...artifact } = await judgeReference(options, context);
  // A policy that only warns lets it pass elsewhere; whoever asks for a verification gets the answer.
  assertTrusted({ ...verdict, ok: verdict.ok && verdict.verified });
  return {
    ...artifact,
    ...(verdict.signer === undefined ? {} : { signer: verdict.signer.identity }),
    ...(verdict.rule === undefined ? {} : { rule: verdict.rule }),
    reasons: verdict.reasons,
  };
}

/** What a policy says of an artifact, every step of it. Does not throw for a "no". */
export async function judgeReference(
  { reference, policy }: VerifyReferenceOptions,
  context: ManagerContext,
): Promise<JudgedReference> {
  const { signal, provVersion } = context;
  return withRegistries(context, async (registries) => {
    const location = await openLocation(reference, registries, { signal });
    try {
      assertNamed(location, reference);
      const { store, repository, target, registry, version: asked } = location;
      const descriptor = await store.resolve(target, { signal });
      const { config } = await readExtension(store, descriptor, { provVersion, signal });
      const { type: kind, name, version } = config;
      const { verdict } = await verifyContent({
        store,
        descriptor,
        repository,
        registry,
        version: asked,
        policy,
        signal,
      });
      return {
        reference: formatReference({ ...reference, digest: descriptor.digest }),
        digest: descriptor.digest,
        kind,
        name,
        version,
        verdict,
      };
    } finally {
      await location.close();
    }
  });
}
