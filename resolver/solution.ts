import type { Kind } from '#schemas';
import type { VersionFacts } from './metadata/metadata-source.js';
import type { PackageId } from './package-id.js';
import type { Proof } from './proof/proof.js';
import type { PrereleasePolicy, Strategy } from './resolve-options.js';

/** A dependency as it was met. `capability` is set when `id` serves it as a provider. */
export interface SolvedEdge {
  readonly id: PackageId;
  readonly name: string;
  readonly range: string;
  readonly version: string;
  readonly optional: boolean;
  readonly capability?: string;
  /** Set when it counts on these platforms only. */
  readonly platforms?: readonly string[];
}

export interface SkippedOptional {
  readonly name: string;
  readonly range: string;
  readonly reason: string;
  /** Why it cannot be taken beside what is selected, where that takes more than one fact. */
  readonly proof?: Proof;
}

/** `cause`: the newest may not be selected at all. `range`: somebody asks for less. `lock`: it is locked. */
export type HeldBackReason = 'cause' | 'range' | 'lock' | 'strategy' | 'search';

/** A package that is not at the newest version there is. */
export interface HeldBack {
  readonly id: PackageId;
  readonly name: string;
  readonly version: string;
  readonly newest: string;
  readonly direct: boolean;
  readonly reasons: readonly { readonly type: HeldBackReason; readonly text: string }[];
  /** For a direct dependency: that no newer version goes together with the rest at its versions or newer. */
  readonly proof?: Proof;
}

export interface SolvedPackage {
  readonly id: PackageId;
  readonly registry: string;
  readonly repository: string;
  readonly name: string;
  /** The name it has in the workspace, when the user gave it one. */
  readonly alias?: string;
  readonly kind: Kind;
  readonly version: string;
  readonly facts: VersionFacts;
  readonly dependencies: readonly SolvedEdge[];
  readonly skipped: readonly SkippedOptional[];
  /** Names of packages, and `(layer)` for what the user asks for. Sorted. */
  readonly requiredBy: readonly string[];
  readonly direct: boolean;
  /** Set when no one solution fits all platforms and this version is for these only. */
  readonly platforms?: readonly string[];
}

export interface SolveStatistics {
  readonly decisions: number;
  readonly conflicts: number;
  readonly packages: number;
  readonly elapsedMs: number;
}

/**
 * One version of every package needed, sorted by id: the same for the same inputs. Only where no one solution
 * fits all platforms are there two versions of a package, each with the platforms it is for.
 */
export interface Solution {
  readonly packages: readonly SolvedPackage[];
  /** Capability to the package that was chosen for it. */
  readonly capabilities: Readonly<Record<string, PackageId>>;
  /** Packages that are not at the newest version there is, and why. Sorted by id. */
  readonly heldBack: readonly HeldBack[];
  readonly policy: {
    readonly strategy: Strategy;
    readonly prerelease: PrereleasePolicy;
    readonly platforms: readonly string[];
    readonly publishedBefore?: string;
  };
  readonly statistics: SolveStatistics;
}
