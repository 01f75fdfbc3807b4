import { counted, ProvError } from '#base';
import type { RemoteRegistry } from '#oci';
import { type IndexEntry, type LifecycleState, type RemoteReference, versionToTag } from '#schemas';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { describeVersion } from '../index-document/describe-version.js';
import { isBookkeepingTag, joinIndex } from '../index-document/join-index.js';
import { readIndex } from '../index-document/read-index.js';

/** Manifests read for versions that no index knows; the rest are told without a state. */
export const MAX_MANIFESTS = 100;
const CONCURRENCY = 8;

/** A version as its tag and, where it could be had, its index entry tell it. */
export interface PackageVersion {
  readonly version: string;
  readonly reference: string;
  readonly digest?: string | undefined;
  readonly kind?: string | undefined;
  readonly state?: LifecycleState | undefined;
  readonly reason?: string | undefined;
  readonly replacement?: string | undefined;
  readonly publishedAt?: string | undefined;
  readonly signers?: readonly string[] | undefined;
}

export interface PackageVersions {
  readonly name: string;
  /** `registry/namespace/name` */
  readonly repository: string;
  readonly index: 'endpoint' | 'artifact' | 'none';
  /** Newest first. */
  readonly versions: readonly PackageVersion[];
  /** Tags that are no versions: channels and whatever else; not those that tools keep for themselves. */
  readonly otherTags: readonly string[];
  /** Tags that tools keep for themselves: signatures, lists of referrers, the index. */
  readonly bookkeepingTags: readonly string[];
  readonly warnings: readonly string[];
}

/** Every version of a package: its tags, with what the index or else the manifests say of them. @throws MANAGER_PACKAGE_UNKNOWN */
export function readPackage(reference: RemoteReference, context: ManagerContext): Promise<PackageVersions> {
  return withRegistries(context, (registries) =>
    packageIn(registries.open(reference.registry), reference.repository, context),
  );
}

/** `readPackage` with a registry that is open. */
export async function packageIn(
  registry: RemoteRegistry,
  repository: string,
  context: ManagerContext,
): Promise<PackageVersions> {
  const { signal, provVersion } = context;
  const store = registry.repository(repository);
  const [tags, answer] = await Promise.all([
    store.list({ signal }),
    readIndex(registry, repository, { signal }),
  ]);
  if (tags.length === 0) throw new ProvError('MANAGER_PACKAGE_UNKNOWN', { repository: store.label });
  const joined = joinIndex(answer?.unchanged === false ? answer.document : undefined, tags);
  const warnings: string[] = [];
  const found = new Map<string, PackageVersion>();
  const reference = (version: string) => `${store.label}:${versionToTag(version)}`;
  for (const entry of joined.entries) found.set(entry.version, rowOf(entry, reference(entry.version)));
  const open = joined.unlisted.slice(0, MAX_MANIFESTS);
  const unread = joined.unlisted.length - open.length;
  if (unread > 0)
    warnings.push(
      `${counted(unread, 'version is', 'versions are')} in no index and ${unread === 1 ? 'was' : 'were'} not looked at`,
    );
  const worker = async () => {
    for (let version = open.shift(); version !== undefined; version = open.shift()) {
      try {
        const entry = await describeVersion(store, version, { repository, provVersion, signal });
        found.set(version, rowOf(entry, reference(version)));
      } catch (error) {
        if (signal?.aborted || !(error instanceof ProvError)) throw error;
        warnings.push(`${version}: ${error.message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  const all = joinIndex(undefined, tags).unlisted;
  return {
    name: repository.slice(repository.lastIndexOf('/') + 1),
    repository: store.label,
    index: answer?.from ?? 'none',
    versions: all.map((version) => found.get(version) ?? { version, reference: reference(version) }),
    otherTags: joined.otherTags,
    bookkeepingTags: tags.filter(isBookkeepingTag),
    warnings,
  };
}

function rowOf(entry: IndexEntry, reference: string): PackageVersion {
  const { version, digest, kind, state, reason, replacement, publishedAt, signers } = entry;
  return {
    version,
    reference,
    digest,
    kind,
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(replacement === undefined ? {} : { replacement }),
    ...(publishedAt === undefined ? {} : { publishedAt }),
    ...(signers === undefined ? {} : { signers }),
  };
}
