import { IncompatibilityStore } from './incompatibility.js';
import { IntVector } from './int-vector.js';
import { isSameSet, wordsFor } from './version-set.js';

/** When a package is decided: what the user named first, choices that only follow others last. */
export const PRIORITY = { direct: 0, transitive: 1, capability: 2, optional: 3 } as const;

/**
 * Everything the solver knows: packages as integers, versions as bits in ascending order, facts as
 * incompatibilities. It may grow between two steps of a solve, never shrink.
 */
export class Universe {
  readonly facts = new IncompatibilityStore();
  packageCount = 0;
  /** Per package: number of versions, words of a set, offset of its set in every package-wide array. */
  readonly versionCount = new IntVector();
  readonly words = new IntVector();
  readonly base = new IntVector();
  readonly priority = new IntVector();
  /** The full set of each package, at `base`. */
  readonly full = new IntVector();
  /** First global index of a package's versions; `triggerStart` and `triggerEnd` are by global index. */
  readonly versionBase = new IntVector();
  readonly triggerStart = new IntVector();
  /** -1: what this version depends on is not known yet. */
  readonly triggerEnd = new IntVector();
  /** Facts to take up when a version is tried. */
  readonly triggers = new IntVector();
  /** Facts to take up when a package is first mentioned. */
  readonly standing: (number[] | undefined)[] = [];
  /** Versions in order of preference; undefined: newest first. */
  readonly order: (Int32Array | undefined)[] = [];
  /** For a capability: the package behind each of its offers. */
  readonly offers: (Int32Array | undefined)[] = [];

  addPackage(versions: number, priority: number = PRIORITY.transitive): number {
    const id = this.packageCount++;
    const words = wordsFor(versions);
    this.versionCount.push(versions);
    this.words.push(words);
    this.priority.push(priority);
    const base = this.full.extend(words);
    this.base.push(base);
    this.full.data.fill(-1, base, base + words);
    const used = (versions + 1) & 31;
    if (used !== 0) this.full.data[base + words - 1] = (1 << used) - 1;
    const first = this.triggerStart.extend(versions);
    this.versionBase.push(first);
    this.triggerEnd.extend(versions);
    this.triggerStart.data.fill(0, first, first + versions);
    this.triggerEnd.data.fill(-1, first, first + versions);
    this.standing.push(undefined);
    this.order.push(undefined);
    this.offers.push(undefined);
    return id;
  }

  /** Says which facts a version brings; called once a version, in any order. */
  setTriggers(pkg: number, version: number, facts: readonly number[]): void {
    const at = this.versionBase.data[pkg]! + version;
    this.triggerStart.data[at] = this.triggers.length;
    for (const fact of facts) this.triggers.push(fact);
    this.triggerEnd.data[at] = this.triggers.length;
  }

  isExpanded(pkg: number, version: number): boolean {
    return this.triggerEnd.data[this.versionBase.data[pkg]! + version]! >= 0;
  }

  addStanding(pkg: number, fact: number): void {
    const list = this.standing[pkg];
    if (list === undefined) this.standing[pkg] = [fact];
    else list.push(fact);
  }

  /** A term that always holds is left out: the others alone cannot hold together. */
  isFull(pkg: number, set: number): boolean {
    return isSameSet(this.full.data, this.base.data[pkg]!, this.facts.sets, set, this.words.data[pkg]!);
  }
}
