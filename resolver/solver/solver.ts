import { ConflictResolution } from './conflict-resolution.js';
import { choosePackage, chooseVersion } from './decision.js';
import type { StoreMark } from './incompatibility.js';
import { PartialSolution } from './partial-solution.js';
import { UnitPropagation } from './unit-propagation.js';
import type { Universe } from './universe.js';
import { hasVersion } from './version-set.js';

/**
 * `needs`: the facts of `version` of `pkg` must be added to the universe, then `run` again. `unsolvable`:
 * incompatibility `id`, learned, has no terms.
 */
export type Outcome =
  | { readonly type: 'solved' }
  | { readonly type: 'unsolvable'; readonly id: number }
  | { readonly type: 'needs'; readonly pkg: number; readonly version: number }
  | { readonly type: 'budget' };

const SOLVED: Outcome = { type: 'solved' };
const BUDGET: Outcome = { type: 'budget' };

/**
 * PubGrub over a universe: pure, synchronous, complete. Its arrays are kept from one solve to the next and
 * cleared at the cost of what was touched. @see Natalie Weizenbaum, "PubGrub: Next-Generation Version
 * Solving"
 */
export class Solver {
  readonly universe: Universe;
  readonly partial: PartialSolution;
  readonly conflicts: ConflictResolution;
  private readonly propagation: UnitPropagation;
  private mark: StoreMark | undefined;
  private budget = 0;
  /** A fact without terms among those to start with: nothing can hold. */
  private hopeless = -1;
  decisionCount = 0;
  conflictCount = 0;

  constructor(universe: Universe) {
    this.universe = universe;
    this.partial = new PartialSolution(universe);
    this.propagation = new UnitPropagation(universe, this.partial);
    this.conflicts = new ConflictResolution(universe, this.partial);
  }

  /** Begins anew with `facts` taken up from the start. */
  start(facts: readonly number[], budget: number): void {
    this.clear();
    this.fit();
    this.mark = this.universe.facts.mark();
    this.budget = budget;
    this.decisionCount = 0;
    this.conflictCount = 0;
    const { start, termPackage } = this.universe.facts;
    this.hopeless = -1;
    for (const fact of facts) {
      if (start[fact] === start[fact + 1]) this.hopeless = fact;
      this.propagation.play(fact);
      for (let t = start[fact]!; t < start[fact + 1]!; t++) this.propagation.enqueue(termPackage[t]!);
    }
  }

  /** Goes on until there is an answer or something must be looked up. */
  run(): Outcome {
    this.fit();
    if (this.hopeless >= 0) return { type: 'unsolvable', id: this.hopeless };
    for (;;) {
      const conflict = this.propagation.propagate();
      if (conflict >= 0) {
        this.conflictCount++;
        const lesson = this.conflicts.resolve(conflict);
        if (lesson.level < 0) return { type: 'unsolvable', id: lesson.id };
        this.partial.backtrack(lesson.level);
        this.propagation.backtrack(lesson.level);
        this.propagation.fit();
        this.propagation.play(lesson.id);
        this.propagation.enqueue(lesson.pivot);
      } else {
        const pkg = choosePackage(this.universe, this.partial, this.conflicts.blame);
        if (pkg < 0) return SOLVED;
        const version = chooseVersion(this.universe, this.partial, pkg);
        if (!this.universe.isExpanded(pkg, version)) return { type: 'needs', pkg, version };
        this.tryVersion(pkg, version);
      }
      if (this.decisionCount + this.conflictCount > this.budget) return BUDGET;
    }
  }

  /** Takes up the facts of a version and decides it, unless one of them would be broken at once. */
  private tryVersion(pkg: number, version: number): void {
    const { triggerStart, triggerEnd, triggers, versionBase } = this.universe;
    const at = versionBase.data[pkg]! + version;
    this.decisionCount++;
    let clean = true;
    for (let i = triggerStart.data[at]!; i < triggerEnd.data[at]!; i++) {
      const fact = triggers.data[i]!;
      this.propagation.play(fact);
      if (clean && this.wouldBreak(fact, pkg, version)) {
        clean = false;
        const { start, termPackage } = this.universe.facts;
        for (let t = start[fact]!; t < start[fact + 1]!; t++) this.conflicts.contest(termPackage[t]!);
      }
    }
    if (clean) {
      this.propagation.openLevel();
      this.partial.decide(pkg, version);
    }
    this.propagation.enqueue(pkg);
  }

  /** Whether every term would hold with that version. */
  private wouldBreak(fact: number, pkg: number, version: number): boolean {
    const { facts, base, words } = this.universe;
    for (let t = facts.start[fact]!; t < facts.start[fact + 1]!; t++) {
      const other = facts.termPackage[t]!;
      const at = base.data[other]!;
      const set = facts.termSet[t]!;
      if (other === pkg) {
        if (!hasVersion(facts.sets, set, version)) return false;
        continue;
      }
      for (let k = 0; k < words.data[other]!; k++) {
        if ((this.partial.current[at + k]! & ~facts.sets[set + k]!) !== 0) return false;
      }
    }
    return true;
  }

  /** Selected versions, in the order they were decided. */
  selected(): { pkg: number; version: number }[] {
    const { partial, universe } = this;
    const chosen: { pkg: number; version: number }[] = [];
    for (let i = 0; i < partial.size; i++) {
      if (partial.entryCause[i] !== -1) continue;
      const pkg = partial.entryPackage[i]!;
      chosen.push({ pkg, version: chooseVersion(universe, partial, pkg) });
    }
    return chosen;
  }

  /** The packages that most conflicts were about, at most five. */
  contested(): number[] {
    const { data, length } = this.partial.touchedList;
    const { blame } = this.conflicts;
    return [...data.subarray(0, length)]
      .filter((pkg) => blame[pkg]! > 0)
      .sort((a, b) => blame[b]! - blame[a]! || a - b)
      .slice(0, 5);
  }

  /** Forgets the solve. What it learned is dropped when no fact was added meanwhile. */
  clear(): void {
    const { mark, conflicts, partial, universe } = this;
    if (mark === undefined) return;
    this.mark = undefined;
    for (let i = 0; i < partial.touchedList.length; i++) conflicts.blame[partial.touchedList.data[i]!] = 0;
    partial.clear();
    this.propagation.clear();
    conflicts.clear();
    const { facts } = universe;
    let learnedOnly = true;
    for (let id = mark.count; id < facts.count; id++) {
      // A fact that was added since the solve is not known to `conflicts` yet.
      if (id >= conflicts.derivation.length || conflicts.derivation[id] === -1) learnedOnly = false;
    }
    if (!learnedOnly) return;
    conflicts.derivation.fill(-1, mark.count, facts.count);
    facts.reset(mark);
  }

  private fit(): void {
    this.partial.fit();
    this.propagation.fit();
    this.conflicts.fit();
  }
}
