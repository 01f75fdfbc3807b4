import type { Lock } from '#schemas';
import type { MetadataSource } from './metadata/metadata-source.js';
import type { PackageId } from './package-id.js';
import type { Override, Requirement } from './requirement.js';

export type Strategy = Lock['policy']['strategy'];
export type PrereleasePolicy = Lock['policy']['prerelease'];

export const DEFAULT_STRATEGY: Strategy = 'latest';
/** npm's own rule: a pre-release only where a range names its triple. */
export const DEFAULT_PRERELEASE: PrereleasePolicy = 'if-named';
/** Decisions plus conflicts. The hardest case of the tests needs under 20,000; a second is about 500,000. */
export const DEFAULT_STEP_BUDGET = 500_000;

export interface ResolveOptions {
  readonly requirements: readonly Requirement[];
  readonly source: MetadataSource;
  /** Targets (`os/arch[/variant]`) that every package must support; empty = do not look at platforms. */
  readonly platforms?: readonly string[];
  /** Version of prov itself, held against `compatibility.provisioning`. */
  readonly provVersion: string;
  readonly prerelease?: PrereleasePolicy;
  readonly strategy?: Strategy;
  readonly overrides?: readonly Override[];
  /** Versions to keep where possible; usually `preferredVersions(lock)`. */
  readonly preferred?: ReadonlyMap<PackageId, string>;
  /** Which package serves a capability, by the user's choice or the lock. */
  readonly preferredProviders?: ReadonlyMap<string, PackageId>;
  /** RFC 3339 time: versions published later, or at an unknown time, are not eligible. */
  readonly publishedBefore?: string;
  readonly stepBudget?: number;
  readonly signal?: AbortSignal | undefined;
}
