import type { PackageId } from '../package-id.js';
import type { Override, Requirement } from '../requirement.js';
import type { PrereleasePolicy, Strategy } from '../resolve-options.js';

/** What a resolution is held to, normalised from the caller's options. */
export interface Policy {
  readonly requirements: readonly Requirement[];
  readonly overrides: ReadonlyMap<PackageId, Override>;
  readonly platforms: readonly string[];
  readonly provVersion: string;
  readonly prerelease: PrereleasePolicy;
  readonly strategy: Strategy;
  readonly preferred: ReadonlyMap<PackageId, string>;
  readonly preferredProviders: ReadonlyMap<string, PackageId>;
  readonly publishedBefore?: string;
  /** Versions that a requirement or an override names exactly. */
  readonly pinned: ReadonlyMap<PackageId, ReadonlySet<string>>;
  readonly direct: ReadonlySet<PackageId>;
}

/** Whether ranges take pre-releases that they do not name. */
export function includesPrerelease({ prerelease }: Policy): boolean {
  return prerelease === 'allow' || prerelease === 'if-only';
}
