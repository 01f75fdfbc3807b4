import type { Lock } from '#schemas';
import type { MetadataSource } from './metadata/metadata-source.js';
import type { PackageId } from './package-id.js';
import type { Advisory, Constraint, Override, Requirement } from './requirement.js';

export type Strategy = Lock['policy']['strategy'];
export type PrereleasePolicy = Lock['policy']['prerelease'];
/**
 * What happens when the version to choose is refused by the trust policy. `strict`: the resolution stops,
 * since an older version in its place could be what an attacker wants. `prefer`: the next one is taken.
 */
export type SignaturePolicy = 'strict' | 'prefer';

export const DEFAULT_STRATEGY: Strategy = 'latest';
/** npm's own rule: a pre-release only where a range names its triple. */
export const DEFAULT_PRERELEASE: PrereleasePolicy = 'if-named';
export const DEFAULT_SIGNATURES: SignaturePolicy = 'strict';
/** Decisions plus conflicts. The hardest case of the tests needs under 20,000; a second is about 500,000. */
export const DEFAULT_STEP_BUDGET = 500_000;

export interface ResolveOptions {
  readonly requirements: readonly Requirement[];
  readonly source: MetadataSource;
  /**
   * Targets (`os/arch[/variant]`); empty = do not look at platforms. One solution for all of them where there
   * is one; else one a target, as alike as they can be, each package saying which targets it is for.
   */
  readonly platforms?: readonly string[];
  /** Version of prov itself, held against `compatibility.provisioning`. */
  readonly provVersion: string;
  readonly prerelease?: PrereleasePolicy;
  /** Other rules for single packages. */
  readonly prereleaseOf?: ReadonlyMap<PackageId, PrereleasePolicy>;
  readonly strategy?: Strategy;
  readonly overrides?: readonly Override[];
  readonly constraints?: readonly Constraint[];
  readonly advisories?: readonly Advisory[];
  /** Versions to keep where possible; usually `preferredVersions(lock)`. */
  readonly preferred?: ReadonlyMap<PackageId, string>;
  /** Makes `preferred` hard facts: nothing else may be selected of these packages. */
  readonly locked?: boolean;
  /** Which package the user chose to serve a capability. */
  readonly chosenProviders?: ReadonlyMap<string, PackageId>;
  /** Which package serves it by the lock. */
  readonly preferredProviders?: ReadonlyMap<string, PackageId>;
  /** Which package serves it when nothing else decides. */
  readonly defaultProviders?: ReadonlyMap<string, PackageId>;
  /**
   * `registry:namespace` whose packages may offer capabilities; absent: any. Anybody who can publish
   * somewhere could otherwise slip in as a provider.
   */
  readonly providerSources?: readonly string[];
  /**
   * RFC 3339 time: versions published later, or at a time that nobody signed, are not eligible, not even
   * locked ones.
   */
  readonly publishedBefore?: string;
  /** The age behind `publishedBefore`, for the text of a failure. */
  readonly minAgeSeconds?: number;
  /** Packages to which no age applies. */
  readonly ageExempt?: ReadonlySet<PackageId>;
  readonly signatures?: SignaturePolicy;
  readonly stepBudget?: number;
  readonly signal?: AbortSignal | undefined;
}
