import { grown } from './int-vector.js';

/**
 * Incompatibilities, facts and learned ones, as a struct of arrays. The terms of incompatibility `i` are
 * `start[i]` to `start[i + 1]`; term `t` says: `termPackage[t]` is in the set at `sets[termSet[t]]`. All
 * terms at once cannot hold. At most one term a package, and never a term that always holds.
 */
export class IncompatibilityStore {
  count = 0;
  terms = 0;
  setsLength = 0;
  start = new Int32Array(256);
  termPackage = new Int32Array(512);
  termSet = new Int32Array(512);
  termOwner = new Int32Array(512);
  sets = new Int32Array(1024);

  /** Room for one set, zeroed. Read `sets` after this: it may have moved. */
  allocate(words: number): number {
    const offset = this.setsLength;
    if (offset + words > this.sets.length) this.sets = grown(this.sets, offset + words);
    this.setsLength += words;
    this.sets.fill(0, offset, offset + words);
    return offset;
  }

  /** Adds one term to the incompatibility being built; `close` makes it whole. */
  addTerm(pkg: number, set: number): void {
    if (this.terms === this.termPackage.length) {
      this.termPackage = grown(this.termPackage, this.terms + 1);
      this.termSet = grown(this.termSet, this.terms + 1);
      this.termOwner = grown(this.termOwner, this.terms + 1);
    }
    this.termPackage[this.terms] = pkg;
    this.termSet[this.terms] = set;
    this.termOwner[this.terms] = this.count;
    this.terms++;
  }

  /** Ends the incompatibility whose terms were just added and returns its id. */
  close(): number {
    const id = this.count++;
    if (this.count >= this.start.length) this.start = grown(this.start, this.count + 1);
    this.start[this.count] = this.terms;
    return id;
  }

  mark(): StoreMark {
    return { count: this.count, terms: this.terms, setsLength: this.setsLength };
  }

  /** Forgets everything added since `mark`. */
  reset(mark: StoreMark): void {
    this.count = mark.count;
    this.terms = mark.terms;
    this.setsLength = mark.setsLength;
  }
}

export interface StoreMark {
  readonly count: number;
  readonly terms: number;
  readonly setsLength: number;
}
