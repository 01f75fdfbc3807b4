import { ProvError } from '#base';
import { readExtension } from '#oci';
import { type ConfigBlob, dependencyFacts, formatReference, type RemoteReference } from '#schemas';
import type { TrustPolicy } from '#trust';
import { openLocation } from '../access/location.js';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { describeVersion } from '../index-document/describe-version.js';
import { type Lifecycle, readLifecycle } from '../lifecycle/read-lifecycle.js';
import { verifyContent } from '../trust/verify-content.js';
import { type PackageVersions, packageIn } from './read-package.js';

export interface ReferenceInfo {
  readonly reference: string;
  readonly digest: string;
  readonly config: ConfigBlob;
  /** Manifest, config and layers, in bytes. */
  readonly size: number;
  readonly lifecycle: Lifecycle;
  readonly publishedAt?: string;
  /** Key ids of the signatures that are attached, whoever they belong to. */
  readonly signers: readonly string[];
  /** What the trust policy says; absent when there is none. */
  readonly verdict?: { readonly verified: boolean; readonly explanation: string };
  readonly versions: PackageVersions;
  readonly facts: ReturnType<typeof dependencyFacts>;
}

/** Everything that a person wants to know of a version before using it. */
export async function describeReference(
  { reference, policy }: { readonly reference: RemoteReference; readonly policy?: TrustPolicy | undefined },
  context: ManagerContext,
): Promise<ReferenceInfo> {
  const { signal, provVersion } = context;
  return withRegistries(context, async (registries) => {
    const registry = registries.open(reference.registry);
    const { repository } = reference;
    const { target } = await openLocation(reference, registries, { signal: context.signal });
    const store = registry.repository(repository);
    const descriptor = await store.resolve(target, { signal });
    const { config, manifest } = await readExtension(store, descriptor, { provVersion, signal });
    const { version } = config;
    const at = { registry: reference.registry, repository, version, signal };
    const lifecycle = await readLifecycle(store, descriptor, { ...at, policy, provVersion, config });
    const versions = await packageIn(registry, repository, context);
    const listed = versions.versions.find((each) => each.digest === descriptor.digest);
    const signers = listed?.signers ?? (await signersOf());
    const verdict = policy && (await verifyContent({ ...at, store, descriptor, policy })).verdict;
    return {
      reference: formatReference({ ...reference, digest: descriptor.digest }),
      digest: descriptor.digest,
      config,
      size: manifest.layers.reduce((sum, layer) => sum + layer.size, descriptor.size + manifest.config.size),
      lifecycle,
      ...(listed?.publishedAt === undefined ? {} : { publishedAt: listed.publishedAt }),
      signers,
      ...(verdict === undefined
        ? {}
        : { verdict: { verified: verdict.verified, explanation: verdict.explanation } }),
      versions,
      facts: dependencyFacts(config),
    };

    async function signersOf(): Promise<readonly string[]> {
      try {
        return (await describeVersion(store, version, { repository, provVersion, signal })).signers ?? [];
      } catch (error) {
        if (signal?.aborted || !(error instanceof ProvError)) throw error;
        return [];
      }
    }
  });
}
