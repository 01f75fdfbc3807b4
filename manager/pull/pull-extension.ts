import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ProvError } from '#base';
import { readExtension, unpackLayer } from '#oci';
import {
  type FileReference,
  formatReference,
  type Kind,
  type LifecycleState,
  type RemoteReference,
  versionToTag,
} from '#schemas';
import { assertTrusted, type TrustPolicy, type Verdict } from '#trust';
import { assertAsked, assertNamed, openLocation } from '../access/location.js';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { assertUsable } from '../lifecycle/assert-usable.js';
import { readLifecycle } from '../lifecycle/read-lifecycle.js';
import { verifyContent } from '../trust/verify-content.js';

export interface PullOptions {
  readonly reference: RemoteReference | FileReference;
  /** Directory to write; default `./NAME`. It must not exist. */
  readonly destination?: string | undefined;
  /** Who must have signed it; without one, signatures are not looked at. */
  readonly policy?: TrustPolicy | undefined;
  readonly dryRun?: boolean | undefined;
  /** Fetch it although it is revoked. */
  readonly allowRevoked?: boolean | undefined;
}

export interface PullResult {
  readonly reference: string;
  readonly digest: string;
  readonly kind: Kind;
  readonly name: string;
  readonly version: string;
  readonly destination: string;
  readonly size: number;
  readonly signer?: string;
  readonly written: boolean;
  readonly state: LifecycleState;
  readonly reason?: string;
}

/**
 * Fetches an extension into a directory that appears only when every byte was right and, with a policy,
 * the signatures were accepted.
 * A yanked or deprecated version is fetched with a warning event.
 * @throws MANAGER_VERSION_REVOKED, TRUST_REFUSED, OCI_DIGEST_MISMATCH, OCI_UNPACK_REFUSED, OCI_UNPACK_TARGET_EXISTS
 */
export async function pullExtension(options: PullOptions, context: ManagerContext): Promise<PullResult> {
  const { signal } = context;
  return withRegistries(context, async (registries) => {
    const location = await openLocation(options.reference, registries);
    try {
      const { store, repository, target } = location;
      const descriptor = await store.resolve(target, { signal });
      const extension = await readExtension(store, descriptor, { provVersion: context.provVersion, signal });
      assertAsked(extension.config, location);
      const lifecycle = await readLifecycle(store, descriptor, {
        repository,
        registry: location.registry,
        version: extension.config.version,
        policy: options.policy,
        provVersion: context.provVersion,
        config: extension.config,
        signal,
      });
      const label = `${store.label}:${versionToTag(extension.config.version)}`;
      assertUsable(lifecycle, { reference: label, allowRevoked: options.allowRevoked }, context);
      const verdict = options.policy && (await judge(options.policy));
      const destination = resolve(context.cwd, options.destination ?? extension.config.name);
      const { layer } = extension;
      if (options.dryRun && existsSync(destination))
        throw new ProvError('OCI_UNPACK_TARGET_EXISTS', { path: destination });
      if (!options.dryRun) {
        await unpackLayer(await store.fetch(layer, { signal }), {
          destination,
          title: extension.config.name,
          descriptor: layer,
          signal,
        });
      }
      return {
        reference: formatReference({ ...options.reference, digest: descriptor.digest }),
        digest: descriptor.digest,
        kind: extension.config.type,
        name: extension.config.name,
        version: extension.config.version,
        destination,
        size: layer.size,
        ...(verdict?.signer === undefined ? {} : { signer: verdict.signer.identity }),
        written: options.dryRun !== true,
        state: lifecycle.state,
        ...(lifecycle.reason === undefined ? {} : { reason: lifecycle.reason }),
      };

      async function judge(policy: TrustPolicy): Promise<Verdict> {
        assertNamed(location, options.reference);
        const { verdict: judged } = await verifyContent({
          store,
          descriptor,
          repository,
          registry: location.registry,
          version: location.version,
          policy,
          signal,
        });
        assertTrusted(judged);
        return judged;
      }
    } finally {
      await location.close();
    }
  });
}
