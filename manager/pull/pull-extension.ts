import { join, resolve } from 'node:path';
import { isDigest } from '#base';
import { type ReadExtension, readExtension, unpackLayer } from '#oci';
import {
  type ConfigBlob,
  type FileReference,
  formatReference,
  type Kind,
  type LifecycleState,
  type RemoteReference,
  splitRepository,
  versionToTag,
} from '#schemas';
import { assertTrusted, type TrustPolicy, type Verdict } from '#trust';
import { hostPlatform } from '#workspace';
import { assertAsked, assertNamed } from '../access/location.js';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { assertUsable } from '../lifecycle/assert-usable.js';
import { readLifecycle } from '../lifecycle/read-lifecycle.js';
import { type Rehearsed, rehearsed } from '../transfer/rehearsed.js';
import { reportTransfer } from '../transfer/report-transfer.js';
import { tellVerdict } from '../trust/unverified.js';
import { verifyContent } from '../trust/verify-content.js';
import { fetchLayer } from './fetch-layer.js';
import { openPullSource, type PullSource } from './open-source.js';
import { judgeDestination, placeTree } from './place-tree.js';
import { recoverStaging } from './staging.js';

export interface PullOptions {
  readonly reference: RemoteReference | FileReference;
  /** Directory to write; default `./NAME`. */
  readonly destination?: string | undefined;
  /** Directory that the default is below. Default: the current one. */
  readonly into?: string | undefined;
  /** Who must have signed it; without one, signatures are not looked at. */
  readonly policy?: TrustPolicy | undefined;
  readonly dryRun?: boolean | undefined;
  /** `os/arch[/variant]`, when its archive differs by platform. Default: this machine's. */
  readonly platform?: string | undefined;
  /** Replace what is at the destination; it stays as it was until the new tree is complete. */
  readonly force?: boolean | undefined;
  /** Fetch it although it is revoked. */
  readonly allowRevoked?: boolean | undefined;
}

export interface PullResult extends Rehearsed {
  readonly reference: string;
  readonly digest: string;
  readonly kind: Kind;
  readonly name: string;
  readonly version: string;
  readonly destination: string;
  readonly size: number;
  readonly signer?: string;
  /** False for a dry run, and when exactly this was there already. */
  readonly written: boolean;
  /** Exactly this was there already, unchanged. */
  readonly unchanged: boolean;
  /** Bytes that came, or of a dry run would come, over the network. */
  readonly fetched: number;
  /** Requests made, by method. */
  readonly requests: Readonly<Record<string, number>>;
  /** Answers by the host that gave them, where there was a choice of mirrors. */
  readonly served?: Readonly<Record<string, number>>;
  /** Absent when a digest was asked for and all of it was on this machine: then nobody was asked. */
  readonly state?: LifecycleState;
  readonly reason?: string;
  /** What to take instead. */
  readonly replacement?: string;
}

/**
 * Fetches an extension into a directory that appears only when every byte was right and, with a policy,
 * the signatures were accepted. What is on this machine is not fetched again; a broken or killed pull goes on
 * where it was. A yanked or deprecated version is fetched with a warning event.
 * @throws MANAGER_VERSION_REVOKED, TRUST_REFUSED, OCI_DIGEST_MISMATCH, OCI_UNPACK_REFUSED, OCI_UNPACK_TARGET_EXISTS
 */
export async function pullExtension(options: PullOptions, context: ManagerContext): Promise<PullResult> {
  const { dryRun = false, ...real } = options;
  return dryRun ? rehearsed(context, (within) => pull(real, within)) : pull(real, context);
}

async function pull(options: PullOptions, context: ManagerContext): Promise<PullResult> {
  const { reference, force } = options;
  const { signal, provVersion, rehearsal } = context;
  const dryRun = rehearsal !== undefined;
  // What a killed pull had moved aside comes back also when the registry gives nothing now.
  const name = reference.type === 'remote' ? splitRepository(reference.repository).name : undefined;
  const expected = options.destination ?? (name === undefined ? undefined : join(options.into ?? '', name));
  if (!dryRun && expected !== undefined) recoverStaging(resolve(context.cwd, expected));
  return withRegistries(context, async (registries) => {
    const source = await openPullSource(reference, registries, context, options.policy);
    try {
      const { root, cached } = source;
      const platform = options.platform ?? hostPlatform();
      const extension = await readExtension(cached, root, { provVersion, platform, signal });
      const { config, layer } = extension;
      assertAsked(config, source);
      const offline = isDigest(source.target) && source.cache?.locate(layer) !== undefined;
      const lifecycle =
        offline && options.policy === undefined
          ? undefined
          : await usableLifecycle(source, extension, { options, context });
      const verdict = options.policy && (await judge(source, options.policy, { options, context, config }));
      const destination = resolve(context.cwd, options.destination ?? join(options.into ?? '', config.name));
      if (!dryRun) recoverStaging(destination);
      const state = await judgeDestination({ destination, force, signal }, extension);
      const there = state === 'same' || source.cache?.locate(layer) !== undefined;
      const report = reportTransfer(context, 'pull');
      const { registry, repository } = source;
      if (rehearsal !== undefined && registry !== undefined && !there)
        rehearsal.leaveOut({ ...layer, host: registries.open(registry).host, repository });
      if (!dryRun && state !== 'same') {
        report.plan(1, layer.size);
        await placeTree(destination, (tree) =>
          fetchLayer(source, layer, { report, signal }, async (bytes) => {
            await unpackLayer(bytes, { destination: tree, title: config.name, descriptor: layer, signal });
          }),
        );
      }
      return {
        reference: formatReference({ ...reference, digest: root.digest }),
        digest: root.digest,
        kind: config.type,
        name: config.name,
        version: config.version,
        destination,
        size: layer.size,
        ...(verdict?.signer === undefined ? {} : { signer: verdict.signer.identity }),
        written: !dryRun && state !== 'same',
        unchanged: state === 'same',
        fetched: there || source.registry === undefined ? 0 : layer.size,
        requests: { ...registries.requests },
        ...(Object.keys(registries.served).length === 0 ? {} : { served: { ...registries.served } }),
        ...(lifecycle === undefined ? {} : { state: lifecycle.state }),
        ...(lifecycle?.reason === undefined ? {} : { reason: lifecycle.reason }),
        ...(lifecycle?.replacement === undefined ? {} : { replacement: lifecycle.replacement }),
      };
    } finally {
      await source.close();
    }
  });
}

interface Asked {
  readonly options: PullOptions;
  readonly context: ManagerContext;
}

async function usableLifecycle(
  { store, repository, registry, root }: PullSource,
  { config }: ReadExtension,
  { options, context }: Asked,
) {
  const lifecycle = await readLifecycle(store, root, {
    repository,
    registry,
    version: config.version,
    policy: options.policy,
    provVersion: context.provVersion,
    config,
    signal: context.signal,
  });
  const label = `${store.label}:${versionToTag(config.version)}`;
  assertUsable(lifecycle, { reference: label, allowRevoked: options.allowRevoked }, context);
  return lifecycle;
}

async function judge(
  source: PullSource,
  policy: TrustPolicy,
  { options, context, config }: Asked & { readonly config: ConfigBlob },
): Promise<Verdict> {
  assertNamed(source, options.reference);
  const { verdict } = await verifyContent({
    store: source.store,
    descriptor: source.root,
    repository: source.repository,
    registry: source.registry,
    version: source.version,
    policy,
    signal: context.signal,
  });
  assertTrusted(verdict);
  tellVerdict(verdict, config, context);
  return verdict;
}
