import type { VersionFacts } from '../metadata/metadata-source.js';
import type { PackageId } from '../package-id.js';
import type { Cause } from '../proof/cause.js';
import type { ProofPackage } from '../proof/proof.js';
import { VersionList } from '../ranges/version-list.js';
import { Universe } from '../solver/universe.js';

/** A package of the problem; `id` and `list` only when it is an extension. */
export interface ProblemPackage extends ProofPackage {
  readonly index: number;
  readonly list: VersionList;
  readonly id?: PackageId;
  /** By version; undefined until it is looked up. */
  readonly facts: (VersionFacts | undefined)[];
  /** How many versions' facts are known. */
  known: number;
}

export type Term = readonly [pkg: number, set: Int32Array];

/** A universe with names: what the solver's integers stand for and why its facts hold. */
export class Problem {
  readonly universe = new Universe();
  readonly packages: ProblemPackage[] = [];
  readonly causes = new Map<number, Cause>();

  add(
    pkg: ProofPackage & { id?: PackageId; facts?: (VersionFacts | undefined)[]; list?: VersionList },
    priority?: number,
  ): ProblemPackage {
    const index = this.universe.addPackage(pkg.versions.length, priority);
    const facts = pkg.facts ?? [];
    const known = facts.filter((each) => each !== undefined).length;
    const added = { ...pkg, index, list: pkg.list ?? new VersionList([]), facts, known };
    this.packages.push(added);
    return added;
  }

  /** Makes a version known that was listed bare. */
  reveal(pkg: ProblemPackage, version: number, facts: VersionFacts): void {
    pkg.facts[version] = facts;
    pkg.known++;
  }

  /** Adds a fact and returns its id, or -1 when it can never be broken. */
  fact(terms: readonly Term[], cause: Cause): number {
    const { universe } = this;
    const merged = new Map<number, Int32Array>();
    for (const [pkg, set] of terms) {
      const earlier = merged.get(pkg);
      merged.set(pkg, earlier === undefined ? set : earlier.map((word, k) => word & set[k]!));
    }
    for (const [pkg, set] of merged) {
      if (set.every((word) => word === 0)) return -1;
      const at = universe.base.data[pkg]!;
      if (set.every((word, k) => word === universe.full.data[at + k])) merged.delete(pkg);
    }
    const { facts } = universe;
    for (const [pkg, set] of merged) {
      const offset = facts.allocate(set.length);
      facts.sets.set(set, offset);
      facts.addTerm(pkg, offset);
    }
    const id = facts.close();
    this.causes.set(id, cause);
    return id;
  }

  /** A set of versions. */
  set(pkg: number, versions: Iterable<number> = []): Int32Array<ArrayBuffer> {
    const bits = new Int32Array(this.universe.words.data[pkg]!);
    for (const version of versions) bits[(version + 1) >>> 5]! |= 1 << ((version + 1) & 31);
    return bits;
  }

  /** Everything else, "not selected" among it. */
  except(pkg: number, set: Int32Array): Int32Array<ArrayBuffer> {
    const at = this.universe.base.data[pkg]!;
    return Int32Array.from(set, (word, k) => ~word & this.universe.full.data[at + k]!);
  }
}
