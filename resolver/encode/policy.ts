import type { PackageId } from '../package-id.js';
import type { Advisory, Constraint, Override, Requirement } from '../requirement.js';
import type { PrereleasePolicy, SignaturePolicy, Strategy } from '../resolve-options.js';

/** What a resolution is held to, normalised from the caller's options. */
export interface Policy {
  readonly requirements: readonly Requirement[];
  readonly overrides: ReadonlyMap<PackageId, Override>;
  readonly constraints: ReadonlyMap<PackageId, readonly Constraint[]>;
  readonly advisories: ReadonlyMap<PackageId, readonly Advisory[]>;
  readonly platforms: readonly string[];
  readonly provVersion: string;
  readonly prerelease: PrereleasePolicy;
  readonly prereleaseOf: ReadonlyMap<PackageId, PrereleasePolicy>;
  readonly strategy: Strategy;
  readonly preferred: ReadonlyMap<PackageId, string>;
  readonly locked: boolean;
  /** What was chosen for another platform: after the preferred versions these come first. */
  readonly alike: ReadonlyMap<PackageId, string>;
  readonly chosenProviders: ReadonlyMap<string, PackageId>;
  readonly preferredProviders: ReadonlyMap<string, PackageId>;
  readonly defaultProviders: ReadonlyMap<string, PackageId>;
  readonly providerSources: ReadonlySet<string> | undefined;
  readonly publishedBefore?: string;
  readonly minAgeSeconds?: number;
  readonly ageExempt: ReadonlySet<PackageId>;
  readonly signatures: SignaturePolicy;
  /** Versions that a requirement or an override names exactly. */
  readonly pinned: ReadonlyMap<PackageId, ReadonlySet<string>>;
  /** Digests that a requirement names. */
  readonly pinnedDigests: ReadonlyMap<PackageId, ReadonlySet<string>>;
  readonly direct: ReadonlySet<PackageId>;
}

export function prereleasePolicy({ prerelease, prereleaseOf }: Policy, id: PackageId): PrereleasePolicy {
  return prereleaseOf.get(id) ?? prerelease;
}

/** Whether ranges on a package take pre-releases that they do not name. */
export function includesPrerelease(policy: Policy, id: PackageId): boolean {
  const rule = prereleasePolicy(policy, id);
  return rule === 'allow' || rule === 'if-only';
}
