import { grown, grownFlags, IntVector } from './int-vector.js';
import type { PartialSolution } from './partial-solution.js';
import type { Universe } from './universe.js';

/** What a conflict teaches: an incompatibility, the level to go back to and the package to go on with. */
export interface Lesson {
  id: number;
  level: number;
  pivot: number;
}

/**
 * From an incompatibility that holds to its root cause: while its latest satisfier was derived at the level
 * of the others, it is resolved with that satisfier's cause. @see dart-lang/pub doc/solver.md, "Conflict
 * Resolution"
 */
export class ConflictResolution {
  readonly universe: Universe;
  readonly partial: PartialSolution;
  /** For each incompatibility: where its derivation starts in `chain`, or -1 for a fact. */
  derivation = new Int32Array(0);
  /** Derivations: length, first incompatibility, then pairs of pivot and cause. */
  readonly chain = new IntVector();
  /** How often each package was the root of a conflict. */
  blame = new Int32Array(0);
  /** The lesson of this solve with the fewest terms, the first of them; -1: none. */
  bestLesson = -1;
  private bestTerms = 0;
  /** Packages that this solve found in dispute, each once. */
  readonly contested = new IntVector();
  private isContested = new Uint8Array(0);
  private readonly lesson: Lesson = { id: -1, level: 0, pivot: -1 };
  /** The incompatibility at work: its packages, their sets at `base`, and their satisfiers. */
  private readonly members = new IntVector();
  private work = new Int32Array(0);
  private isMember = new Uint8Array(0);
  private satisfiers = new Int32Array(0);

  constructor(universe: Universe, partial: PartialSolution) {
    this.universe = universe;
    this.partial = partial;
  }

  fit(): void {
    const { packageCount, full, facts } = this.universe;
    if (this.satisfiers.length < packageCount) {
      const room = Math.max(packageCount, this.satisfiers.length * 2);
      this.satisfiers = grown(this.satisfiers, room);
      this.blame = grown(this.blame, room);
      this.isMember = new Uint8Array(room);
      this.isContested = grownFlags(this.isContested, room);
    }
    if (this.work.length < full.length) this.work = grown(this.work, full.length);
    if (this.derivation.length < facts.count) {
      const from = this.derivation.length;
      this.derivation = grown(this.derivation, facts.count);
      this.derivation.fill(-1, from);
    }
  }

  clear(): void {
    this.chain.length = 0;
    this.bestLesson = -1;
    const { data, length } = this.contested;
    for (let i = 0; i < length; i++) this.isContested[data[i]!] = 0;
    this.contested.length = 0;
  }

  /** The lesson of a conflict; an id without terms means that nothing can hold. */
  resolve(conflict: number): Lesson {
    const { partial, lesson, members } = this;
    this.begin(conflict);
    const chainStart = this.chain.length;
    this.chain.push(0);
    this.chain.push(conflict);
    for (;;) {
      if (members.length === 0) {
        lesson.level = -1;
        lesson.pivot = -1;
        break;
      }
      let pivot = -1;
      let latest = -1;
      let previousLevel = 0;
      for (let i = 0; i < members.length; i++) {
        const pkg = members.data[i]!;
        const satisfier = this.satisfiers[pkg]!;
        if (satisfier > latest) {
          if (latest >= 0) previousLevel = Math.max(previousLevel, partial.entryLevel[latest]!);
          latest = satisfier;
          pivot = pkg;
        } else {
          previousLevel = Math.max(previousLevel, partial.entryLevel[satisfier]!);
        }
      }
      const level = partial.entryLevel[latest]!;
      const cause = partial.entryCause[latest]!;
      if (cause === -1) {
        lesson.level = previousLevel;
        lesson.pivot = pivot;
        break;
      }
      const causeSet = this.setOf(cause, pivot);
      const helper = this.earlierHelp(pivot, latest, causeSet);
      if (helper >= 0) previousLevel = Math.max(previousLevel, partial.entryLevel[helper]!);
      if (previousLevel < level) {
        lesson.level = previousLevel;
        lesson.pivot = pivot;
        break;
      }
      this.resolveWith(cause, pivot, causeSet);
      this.chain.push(pivot);
      this.chain.push(cause);
    }
    const length = this.chain.length - chainStart - 2;
    if (length === 0) {
      this.chain.length = chainStart;
      lesson.id = conflict;
    } else {
      this.chain.data[chainStart] = length / 2;
      lesson.id = this.store(chainStart);
    }
    for (let i = 0; i < members.length; i++) {
      this.isMember[members.data[i]!] = 0;
      this.contest(members.data[i]!);
    }
    members.length = 0;
    if (lesson.pivot >= 0) this.blame[lesson.pivot]!++;
    return lesson;
  }

  /** Notes that a package is in dispute. */
  contest(pkg: number): void {
    if (this.isContested[pkg] === 1) return;
    this.isContested[pkg] = 1;
    this.contested.push(pkg);
  }

  private begin(conflict: number): void {
    const { start, termPackage, termSet, sets } = this.universe.facts;
    for (let t = start[conflict]!; t < start[conflict + 1]!; t++) {
      const pkg = termPackage[t]!;
      this.copyIn(pkg, sets, termSet[t]!);
      this.satisfiers[pkg] = this.partial.satisfier(pkg, this.work, this.universe.base.data[pkg]!);
    }
  }

  private copyIn(pkg: number, sets: Int32Array, set: number): void {
    const base = this.universe.base.data[pkg]!;
    const words = this.universe.words.data[pkg]!;
    for (let k = 0; k < words; k++) this.work[base + k] = sets[set + k]!;
    this.isMember[pkg] = 1;
    this.members.push(pkg);
  }

  private setOf(id: number, pkg: number): number {
    const { start, termPackage, termSet } = this.universe.facts;
    let t = start[id]!;
    while (termPackage[t] !== pkg) t++;
    return termSet[t]!;
  }

  /**
   * When the satisfier's own cause does not suffice, the entry that together with it does, or -1. The
   * cause takes away `causeSet`, so alone it suffices when that and the term cover everything.
   */
  private earlierHelp(pkg: number, satisfier: number, causeSet: number): number {
    const { partial } = this;
    const sets = this.universe.facts.sets;
    const base = this.universe.base.data[pkg]!;
    const words = this.universe.words.data[pkg]!;
    const full = this.universe.full.data;
    if (this.isCovered(full, base, sets, causeSet, base, words)) return -1;
    let help = partial.entryPrevious[satisfier]!;
    for (let i = partial.entryPrevious[help]!; i >= 0; i = partial.entryPrevious[i]!) {
      if (!this.isCovered(partial.history, partial.entrySet[i]!, sets, causeSet, base, words)) break;
      help = i;
    }
    return help;
  }

  private isCovered(
    from: Int32Array,
    at: number,
    sets: Int32Array,
    set: number,
    base: number,
    words: number,
  ): boolean {
    for (let k = 0; k < words; k++) {
      if ((from[at + k]! & ~(sets[set + k]! | this.work[base + k]!)) !== 0) return false;
    }
    return true;
  }

  /** The rule of resolution: union on the pivot (dropped when it always holds), intersection elsewhere. */
  private resolveWith(cause: number, pivot: number, causeSet: number): void {
    const { base: bases, words: widths, full, facts } = this.universe;
    const { start, termPackage, termSet, sets } = facts;
    for (let t = start[cause]!; t < start[cause + 1]!; t++) {
      const pkg = termPackage[t]!;
      const base = bases.data[pkg]!;
      const words = widths.data[pkg]!;
      if (pkg === pivot) {
        let always = true;
        for (let k = 0; k < words; k++) {
          this.work[base + k]! |= sets[causeSet + k]!;
          if (this.work[base + k] !== full.data[base + k]) always = false;
        }
        if (always) {
          this.drop(pkg);
          continue;
        }
      } else if (this.isMember[pkg] === 1) {
        const set = termSet[t]!;
        for (let k = 0; k < words; k++) this.work[base + k]! &= sets[set + k]!;
      } else {
        this.copyIn(pkg, sets, termSet[t]!);
      }
      this.satisfiers[pkg] = this.partial.satisfier(pkg, this.work, base);
    }
  }

  private drop(pkg: number): void {
    const { members } = this;
    this.isMember[pkg] = 0;
    const last = members.data[--members.length]!;
    if (last === pkg) return;
    members.data[members.data.indexOf(pkg)] = last;
  }

  private store(chainStart: number): number {
    const { facts, base: bases, words: widths } = this.universe;
    for (let i = 0; i < this.members.length; i++) {
      const pkg = this.members.data[i]!;
      const base = bases.data[pkg]!;
      const words = widths.data[pkg]!;
      const set = facts.allocate(words);
      for (let k = 0; k < words; k++) facts.sets[set + k] = this.work[base + k]!;
      facts.addTerm(pkg, set);
    }
    const id = facts.close();
    if (id >= this.derivation.length) {
      const from = this.derivation.length;
      this.derivation = grown(this.derivation, id + 1);
      this.derivation.fill(-1, from);
    }
    this.derivation[id] = chainStart;
    if (this.bestLesson < 0 || this.members.length < this.bestTerms) {
      this.bestLesson = id;
      this.bestTerms = this.members.length;
    }
    return id;
  }
}
