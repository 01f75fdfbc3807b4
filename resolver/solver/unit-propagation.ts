import { grown, grownFlags, IntVector } from './int-vector.js';
import type { PartialSolution } from './partial-solution.js';
import type { Universe } from './universe.js';

/**
 * Follows every incompatibility whose terms all hold but one: that one must not hold. The incompatibilities
 * in play are linked lists a package, newest first, since learned ones say more.
 */
export class UnitPropagation {
  readonly universe: Universe;
  readonly partial: PartialSolution;
  /** First term in play of each package, or -1; `next` links terms. */
  first = new Int32Array(0);
  next = new Int32Array(0);
  inPlay = new Uint8Array(0);
  /** Some term cannot hold any more: nothing to look at until backtracking. */
  contradicted = new Uint8Array(0);
  readonly contradictions = new IntVector();
  /** Length of `contradictions` when each level began. */
  readonly levelStart = new IntVector();
  readonly played = new IntVector();
  queue = new Int32Array(64);
  queueHead = 0;
  queueTail = 0;
  queued = new Uint8Array(0);

  constructor(universe: Universe, partial: PartialSolution) {
    this.universe = universe;
    this.partial = partial;
  }

  fit(): void {
    const { facts, packageCount } = this.universe;
    if (this.first.length < packageCount) {
      const room = Math.max(packageCount, this.first.length * 2);
      this.first = grown(this.first, room);
      this.queued = grownFlags(this.queued, room);
    }
    if (this.next.length < facts.terms) this.next = grown(this.next, facts.terms);
    if (this.inPlay.length < facts.count) {
      const room = Math.max(facts.count, this.inPlay.length * 2);
      this.inPlay = grownFlags(this.inPlay, room);
      this.contradicted = grownFlags(this.contradicted, room);
    }
  }

  clear(): void {
    const { data, length } = this.played;
    for (let i = 0; i < length; i++) {
      this.inPlay[data[i]!] = 0;
      this.contradicted[data[i]!] = 0;
    }
    this.played.length = 0;
    this.contradictions.length = 0;
    this.levelStart.length = 0;
    this.emptyQueue();
  }

  /** Takes up an incompatibility; with it, what stands for packages mentioned for the first time. */
  play(id: number): void {
    if (this.inPlay[id] === 1) return;
    this.inPlay[id] = 1;
    this.played.push(id);
    const { start, termPackage } = this.universe.facts;
    const end = start[id + 1]!;
    for (let t = start[id]!; t < end; t++) {
      const pkg = termPackage[t]!;
      if (this.partial.touched[pkg] === 0) this.meet(pkg);
      this.next[t] = this.first[pkg]!;
      this.first[pkg] = t;
    }
  }

  private meet(pkg: number): void {
    this.partial.touch(pkg);
    this.first[pkg] = -1;
    const standing = this.universe.standing[pkg];
    if (standing === undefined) return;
    for (const fact of standing) this.play(fact);
    this.enqueue(pkg);
  }

  enqueue(pkg: number): void {
    if (this.queued[pkg] === 1) return;
    this.queued[pkg] = 1;
    if (this.queueTail === this.queue.length) {
      if (this.queueHead > 0) {
        this.queue.copyWithin(0, this.queueHead, this.queueTail);
        this.queueTail -= this.queueHead;
        this.queueHead = 0;
      } else {
        this.queue = grown(this.queue, this.queueTail + 1);
      }
    }
    this.queue[this.queueTail++] = pkg;
  }

  private emptyQueue(): void {
    for (let i = this.queueHead; i < this.queueTail; i++) this.queued[this.queue[i]!] = 0;
    this.queueHead = this.queueTail = 0;
  }

  /** Runs until nothing follows any more; the id of an incompatibility that holds in full, or -1. */
  propagate(): number {
    const { partial, contradicted, next } = this;
    const { facts, base: bases, words: widths } = this.universe;
    const { start, termPackage, termSet, termOwner, sets } = facts;
    const base = bases.data;
    const width = widths.data;
    const current = partial.current;
    while (this.queueHead < this.queueTail) {
      const pkg = this.queue[this.queueHead++]!;
      this.queued[pkg] = 0;
      scan: for (let node = this.first[pkg]!; node >= 0; node = next[node]!) {
        const id = termOwner[node]!;
        if (contradicted[id] === 1) continue;
        let open = -1;
        const end = start[id + 1]!;
        for (let t = start[id]!; t < end; t++) {
          const other = termPackage[t]!;
          const at = base[other]!;
          const set = termSet[t]!;
          const words = width[other]!;
          let inside = false;
          let outside = false;
          for (let k = 0; k < words; k++) {
            const now = current[at + k]!;
            const term = sets[set + k]!;
            if ((now & term) !== 0) inside = true;
            if ((now & ~term) !== 0) outside = true;
            if (inside && outside) break;
          }
          if (!inside) {
            this.contradict(id);
            continue scan;
          }
          if (outside) {
            if (open >= 0) continue scan;
            open = t;
          }
        }
        if (open < 0) {
          this.emptyQueue();
          return id;
        }
        const target = termPackage[open]!;
        partial.derive(target, sets, termSet[open]!, id);
        this.contradict(id);
        this.enqueue(target);
      }
    }
    this.queueHead = this.queueTail = 0;
    return -1;
  }

  private contradict(id: number): void {
    this.contradicted[id] = 1;
    this.contradictions.push(id);
  }

  /** Call before a decision opens a new level. */
  openLevel(): void {
    this.levelStart.push(this.contradictions.length);
  }

  backtrack(level: number): void {
    const { contradictions, levelStart } = this;
    if (levelStart.length > level) {
      const keep = levelStart.data[level]!;
      for (let i = keep; i < contradictions.length; i++) this.contradicted[contradictions.data[i]!] = 0;
      contradictions.length = keep;
      levelStart.length = level;
    }
    this.emptyQueue();
  }
}
