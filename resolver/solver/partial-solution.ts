import { grown, grownFlags, IntVector } from './int-vector.js';
import type { Universe } from './universe.js';
import { ABSENT_BIT } from './version-set.js';

/**
 * What is decided and derived so far, in order. Entry `i` narrowed `entryPackage[i]` to the set at
 * `history[entrySet[i]]` because of incompatibility `entryCause[i]` (-1: a decision).
 */
export class PartialSolution {
  readonly universe: Universe;
  level = 0;
  size = 0;
  entryPackage = new Int32Array(256);
  entryCause = new Int32Array(256);
  entryLevel = new Int32Array(256);
  /** Earlier entry of the same package, or -1. */
  entryPrevious = new Int32Array(256);
  entrySet = new Int32Array(256);
  history = new Int32Array(1024);
  historyLength = 0;
  /** Current set of each touched package, at the universe's `base`. */
  current = new Int32Array(0);
  /** Latest entry of each package, or -1. */
  latest = new Int32Array(0);
  decided = new Uint8Array(0);
  touched = new Uint8Array(0);
  /** Packages that must be selected and are not decided; may hold some that no longer qualify. */
  readonly pending = new IntVector();
  isPending = new Uint8Array(0);
  readonly touchedList = new IntVector();

  constructor(universe: Universe) {
    this.universe = universe;
  }

  /** Makes room for packages that were added to the universe. */
  fit(): void {
    const packages = this.universe.packageCount;
    if (this.latest.length < packages) {
      const room = Math.max(packages, this.latest.length * 2);
      this.latest = grown(this.latest, room);
      this.decided = grownFlags(this.decided, room);
      this.touched = grownFlags(this.touched, room);
      this.isPending = grownFlags(this.isPending, room);
    }
    const layout = this.universe.full.length;
    if (this.current.length < layout) this.current = grown(this.current, layout);
  }

  /** Puts everything back to "nothing known", at the cost of what was touched. */
  clear(): void {
    const { data, length } = this.touchedList;
    for (let i = 0; i < length; i++) {
      const pkg = data[i]!;
      this.touched[pkg] = 0;
      this.decided[pkg] = 0;
      this.isPending[pkg] = 0;
    }
    this.touchedList.length = 0;
    this.pending.length = 0;
    this.level = 0;
    this.size = 0;
    this.historyLength = 0;
  }

  /** Starts to follow a package; false when it is followed already. */
  touch(pkg: number): boolean {
    if (this.touched[pkg] === 1) return false;
    this.touched[pkg] = 1;
    this.touchedList.push(pkg);
    this.latest[pkg] = -1;
    this.restore(pkg);
    return true;
  }

  isRequired(pkg: number): boolean {
    return (this.current[this.universe.base.data[pkg]!]! & ABSENT_BIT) === 0;
  }

  decide(pkg: number, version: number): void {
    this.level++;
    const base = this.universe.base.data[pkg]!;
    this.current.fill(0, base, base + this.universe.words.data[pkg]!);
    this.current[base + ((version + 1) >>> 5)] = 1 << ((version + 1) & 31);
    this.decided[pkg] = 1;
    this.record(pkg, -1);
  }

  /** Takes `sets[set]` out of what `pkg` may be. */
  derive(pkg: number, sets: Int32Array, set: number, cause: number): void {
    const base = this.universe.base.data[pkg]!;
    const words = this.universe.words.data[pkg]!;
    const current = this.current;
    for (let k = 0; k < words; k++) current[base + k]! &= ~sets[set + k]!;
    this.record(pkg, cause);
    if ((current[base]! & ABSENT_BIT) === 0) this.expect(pkg);
  }

  private expect(pkg: number): void {
    if (this.isPending[pkg] === 1 || this.decided[pkg] === 1) return;
    this.isPending[pkg] = 1;
    this.pending.push(pkg);
  }

  private record(pkg: number, cause: number): void {
    const i = this.size++;
    if (i === this.entryPackage.length) this.widen();
    const base = this.universe.base.data[pkg]!;
    const words = this.universe.words.data[pkg]!;
    if (this.historyLength + words > this.history.length) {
      this.history = grown(this.history, this.historyLength + words);
    }
    const at = this.historyLength;
    for (let k = 0; k < words; k++) this.history[at + k] = this.current[base + k]!;
    this.historyLength += words;
    this.entryPackage[i] = pkg;
    this.entryCause[i] = cause;
    this.entryLevel[i] = this.level;
    this.entryPrevious[i] = this.latest[pkg]!;
    this.entrySet[i] = at;
    this.latest[pkg] = i;
  }

  /** Takes back every entry above `level`. */
  backtrack(level: number): void {
    while (this.size > 0 && this.entryLevel[this.size - 1]! > level) {
      const i = --this.size;
      const pkg = this.entryPackage[i]!;
      this.latest[pkg] = this.entryPrevious[i]!;
      this.historyLength = this.entrySet[i]!;
      this.restore(pkg);
      if (this.entryCause[i] === -1) {
        this.decided[pkg] = 0;
        this.expect(pkg);
      }
    }
    this.level = level;
  }

  /** The first entry after which `pkg` was within the set at `sets[set]`. */
  satisfier(pkg: number, sets: Int32Array, set: number): number {
    const words = this.universe.words.data[pkg]!;
    let found = this.latest[pkg]!;
    for (let i = this.entryPrevious[found]!; i >= 0; i = this.entryPrevious[i]!) {
      const at = this.entrySet[i]!;
      for (let k = 0; k < words; k++) if ((this.history[at + k]! & ~sets[set + k]!) !== 0) return found;
      found = i;
    }
    return found;
  }

  private restore(pkg: number): void {
    const base = this.universe.base.data[pkg]!;
    const words = this.universe.words.data[pkg]!;
    const latest = this.latest[pkg]!;
    const from = latest < 0 ? this.universe.full.data : this.history;
    const at = latest < 0 ? base : this.entrySet[latest]!;
    for (let k = 0; k < words; k++) this.current[base + k] = from[at + k]!;
  }

  private widen(): void {
    const needed = this.size;
    this.entryPackage = grown(this.entryPackage, needed);
    this.entryCause = grown(this.entryCause, needed);
    this.entryLevel = grown(this.entryLevel, needed);
    this.entryPrevious = grown(this.entryPrevious, needed);
    this.entrySet = grown(this.entrySet, needed);
  }
}
