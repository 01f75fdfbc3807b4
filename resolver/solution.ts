import type { Kind } from '#schemas';
import type { VersionFacts } from './metadata/metadata-source.js';
import type { PackageId } from './package-id.js';
import type { PrereleasePolicy, Strategy } from './resolve-options.js';

/** A dependency as it was met. `capability` is set when `id` serves it as a provider. */
export interface SolvedEdge {
  readonly id: PackageId;
  readonly name: string;
  readonly range: string;
  readonly version: string;
  readonly optional: boolean;
  readonly capability?: string;
}

export interface SkippedOptional {
  readonly name: string;
  readonly range: string;
  readonly reason: string;
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
}

export interface SolveStatistics {
  readonly decisions: number;
  readonly conflicts: number;
  readonly packages: number;
  readonly elapsedMs: number;
}

/** One version of every package needed, sorted by id: the same for the same inputs. */
export interface Solution {
  readonly packages: readonly SolvedPackage[];
  /** Capability to the package that was chosen for it. */
  readonly capabilities: Readonly<Record<string, PackageId>>;
  readonly policy: {
    readonly strategy: Strategy;
    readonly prerelease: PrereleasePolicy;
    readonly platforms: readonly string[];
    readonly publishedBefore?: string;
  };
  readonly statistics: SolveStatistics;
}
