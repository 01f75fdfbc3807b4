import type { Digest } from '#base';
import type { DependencyFacts, Kind, LifecycleState } from '#schemas';
import type { PackageId } from '../package-id.js';

/** What is known of one version. An entry of a package index has this shape. */
export interface VersionFacts {
  readonly version: string;
  readonly kind: Kind;
  readonly deps: DependencyFacts;
  /** Digest and size of what the version's tag points at. */
  readonly digest?: Digest | undefined;
  readonly size?: number | undefined;
  readonly publishedAt?: string | undefined;
  /** Whether somebody whom the trust policy accepts signed that time; without, no age policy is satisfied. */
  readonly publishedAtSigned?: boolean | undefined;
  readonly state?: LifecycleState | undefined;
  /** Why it is deprecated, yanked or revoked. */
  readonly reason?: string | undefined;
  /** Set when an index says all this, which is only a copy of what the manifest says. */
  readonly fromIndex?: boolean | undefined;
  /** Set when the trust policy refuses this version: the verdict's reason. */
  readonly refused?: string | undefined;
}

/**
 * All versions of one package, in any order. A version given as a bare string is looked up with
 * `facts` when the solver first tries it.
 */
export interface PackageMetadata {
  readonly versions: readonly (VersionFacts | string)[];
  /** Tags that are not versions, for the text of a failure. */
  readonly ignoredTags?: readonly string[];
  /** Where it was looked up, for the text of a failure (a registry host, a bundle…). */
  readonly location?: string;
  /** No registry was asked: more versions may exist than these. */
  readonly offline?: true;
}

export interface LookupOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * The resolver's view of registries, locks, bundles and directories. Answers may come in any order and
 * after any delay: the solution does not depend on it.
 */
export interface MetadataSource {
  /** All versions of a package, or undefined when there is no such package. */
  versions(id: PackageId, options?: LookupOptions): Promise<PackageMetadata | undefined>;
}

/** A source that lists versions as bare strings answers for one of them. */
export interface FactsSource {
  facts(id: PackageId, version: string, options?: LookupOptions): Promise<VersionFacts>;
}

/** Where a closure starts; without a range, from every version. */
export interface ClosureRoot {
  readonly id: PackageId;
  readonly range?: string;
}

/** A source that can answer for everything reachable in one request. */
export interface ClosureSource {
  /** What is known to be reachable; undefined for what is known not to exist. The rest is looked up singly. */
  closure(
    roots: readonly ClosureRoot[],
    options?: LookupOptions,
  ): Promise<ReadonlyMap<PackageId, PackageMetadata | undefined>>;
}

/** A source that knows which packages offer a capability, in order of preference. */
export interface ProviderSource {
  providers(capability: string, options?: LookupOptions): Promise<readonly PackageId[]>;
}

export function hasFacts(source: MetadataSource): source is MetadataSource & FactsSource {
  return typeof (source as Partial<FactsSource>).facts === 'function';
}

export function hasClosure(source: MetadataSource): source is MetadataSource & ClosureSource {
  return typeof (source as Partial<ClosureSource>).closure === 'function';
}

export function hasProviders(source: MetadataSource): source is MetadataSource & ProviderSource {
  return typeof (source as Partial<ProviderSource>).providers === 'function';
}
