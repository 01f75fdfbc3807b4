import { isRoot } from './cause.js';
import type { Proof } from './proof.js';
import { ABSENT, fullMask, type Mask, maskOf, versionMask, versionsIn } from './term-masks.js';

/** Lines of a reading; of a proof that needs more only the facts are told. */
export const MAX_READING_LINES = 30;
const MAX_CASE_DEPTH = 4;

/** One line: facts that are stated together, and what follows from them with what was said before. */
export interface ReadingLine {
  /** From 1, in the order of reading. */
  readonly number: number;
  readonly facts: readonly number[];
  /** The package whose possible versions the facts go through, when there are several facts. */
  readonly pivot: number | undefined;
  /** What the line restricts; undefined: the facts cannot all hold. */
  readonly target: number | undefined;
  /** What was possible of the target before, and what still is. Nothing: a contradiction. */
  readonly before: Mask;
  readonly after: Mask;
  /** Lines that the conclusion rests on, beside the facts themselves. */
  readonly uses: readonly number[];
}

/** Some of the versions that are left of a package, and why none of them can be. */
export interface ReadingCase {
  readonly pkg: number;
  readonly versions: readonly number[];
  readonly reading: Reading;
}

/** A proof in the order in which people reason: requirements first, then what each brings, case by case. */
export interface Reading {
  readonly lines: readonly ReadingLine[];
  /** Empty when the last line is the contradiction. */
  readonly cases: readonly ReadingCase[];
}

/** The facts of a proof in reading order, or undefined when that would be too long to follow. */
export function readProof(proof: Proof): Reading | undefined {
  return new Reader(proof).read(new Map(), 0);
}

/** What is known of one package, and the lines that say so. */
interface Known {
  readonly mask: Mask;
  readonly lines: readonly number[];
}

type State = Map<number, Known>;
type Step = Omit<ReadingLine, 'number'>;

class Reader {
  private readonly proof: Proof;
  private readonly terms: readonly ReadonlyMap<number, Mask>[];
  private count = 0;

  constructor(proof: Proof) {
    this.proof = proof;
    this.terms = proof.facts.map(({ terms }) => new Map(terms.map((term) => [term.package, maskOf(term)])));
  }

  read(state: State, depth: number): Reading | undefined {
    const lines: ReadingLine[] = [];
    const recent: number[] = [...state.keys()].reverse();
    for (;;) {
      const step = this.next(state, recent);
      if (step === undefined) break;
      const line = { ...step, number: ++this.count };
      lines.push(line);
      if (this.count > MAX_READING_LINES) return undefined;
      const { target, after } = step;
      if (target === undefined || after === 0n) return { lines, cases: [] };
      const earlier = state.get(target)?.lines ?? [];
      state.set(target, { mask: after, lines: [...earlier, line.number] });
      const at = recent.indexOf(target);
      if (at >= 0) recent.splice(at, 1);
      recent.unshift(target);
    }
    const cases = depth === MAX_CASE_DEPTH ? undefined : this.split(state, depth);
    return cases === undefined ? undefined : { lines, cases };
  }

  private mask(state: State, pkg: number): Mask {
    return state.get(pkg)?.mask ?? fullMask(this.proof, pkg);
  }

  /**
   * The best next line: a contradiction, else what follows of the package spoken of last, else the next
   * requirement; what only speaks against something that is needed comes last.
   */
  private next(state: State, recent: readonly number[]): Step | undefined {
    const units = [...this.units(state)];
    const closing = (steps: readonly Step[]) =>
      shortest(steps.filter(({ target, after }) => target === undefined || after === 0n));
    const end = closing(units);
    if (end !== undefined) return end;
    for (const pkg of recent) {
      const unit = units.find(({ facts }) => this.isForward(facts[0]!, pkg, state));
      if (unit !== undefined) return unit;
    }
    const exhaustions = [...this.exhaustions(state)];
    const exhausted = closing(exhaustions);
    if (exhausted !== undefined) return exhausted;
    for (const pkg of recent) {
      const wide = shortest(exhaustions.filter(({ pivot }) => pivot === pkg));
      if (wide !== undefined) return wide;
    }
    return units.find(({ facts }) => isRoot(this.proof.facts[facts[0]!]!.cause)) ?? units[0];
  }

  /** Whether a fact tells what a needed package brings or lacks, not what speaks against it. */
  private isForward(fact: number, pkg: number, state: State): boolean {
    const own = this.terms[fact]!.get(pkg);
    if (own === undefined || (own & ABSENT) !== 0n || (this.mask(state, pkg) & ABSENT) !== 0n) return false;
    const { type } = this.proof.facts[fact]!.cause;
    return type !== 'exclusive' && type !== 'conflict' && type !== 'constraint' && type !== 'same-name';
  }

  /** Facts of which all terms, or all but one, hold. */
  private *units(state: State): Iterable<Step> {
    for (const [fact, terms] of this.terms.entries()) {
      let open: number | undefined;
      let opened = 0;
      for (const [pkg, term] of terms) {
        if ((this.mask(state, pkg) & ~term) === 0n) continue;
        open = pkg;
        opened++;
      }
      if (opened > 1) continue;
      if (open === undefined) {
        const target = this.subjectOf(terms);
        const uses = this.usesOf(state, target === undefined ? [...terms.keys()] : [target]);
        const before = target === undefined ? 0n : this.mask(state, target);
        yield { facts: [fact], pivot: undefined, target, before, after: 0n, uses };
        continue;
      }
      const before = this.mask(state, open);
      const after = before & ~terms.get(open)!;
      if (after === before) continue;
      const against = after !== 0n && (terms.get(open)! & ABSENT) === 0n;
      const uses = this.usesOf(state, against ? [...terms.keys()].filter((pkg) => pkg !== open) : [open]);
      yield { facts: [fact], pivot: undefined, target: open, before, after, uses };
    }
  }

  /** What a fact demands or shuts out; undefined when it is about several packages alike. */
  private subjectOf(terms: ReadonlyMap<number, Mask>): number | undefined {
    const demanded = [...terms].find(([, term]) => (term & ABSENT) !== 0n);
    if (demanded !== undefined) return demanded[0];
    return terms.size === 1 ? [...terms.keys()][0] : undefined;
  }

  /** Every version that is left of one package restricts another, each by a fact of its own. */
  private *exhaustions(state: State): Iterable<Step> {
    for (const [pivot, { mask: left }] of state) {
      if ((left & ABSENT) !== 0n) continue;
      for (const target of this.targetsOf(pivot)) {
        const before = this.mask(state, target);
        const facts = new Set<number>();
        let after = 0n;
        for (const v of versionsIn(left)) {
          let allowed = before;
          for (const fact of this.holding(state, { pivot, v, target })) {
            const next = allowed & ~(this.terms[fact]!.get(target) ?? fullMask(this.proof, target));
            if (next === allowed) continue;
            allowed = next;
            facts.add(fact);
          }
          after |= allowed;
        }
        if (after === before || facts.size < 2) continue;
        yield { facts: [...facts], pivot, target, before, after, uses: this.usesOf(state, [target]) };
      }
    }
  }

  /** The facts about one version whose other terms hold, but for the one about `target`. */
  private *holding(
    state: State,
    { pivot, v, target }: { readonly pivot: number; readonly v: number; readonly target: number },
  ): Iterable<number> {
    for (const [fact, terms] of this.terms.entries()) {
      if (((terms.get(pivot) ?? 0n) & versionMask(v)) === 0n) continue;
      const holds = [...terms].every(
        ([pkg, term]) => pkg === pivot || pkg === target || (this.mask(state, pkg) & ~term) === 0n,
      );
      if (holds) yield fact;
    }
  }

  private targetsOf(pivot: number): Set<number> {
    const targets = new Set<number>();
    for (const terms of this.terms) {
      if (!terms.has(pivot)) continue;
      for (const pkg of terms.keys()) if (pkg !== pivot) targets.add(pkg);
    }
    return targets;
  }

  private usesOf(state: State, packages: readonly number[]): number[] {
    return [...new Set(packages.flatMap((pkg) => state.get(pkg)?.lines ?? []))];
  }

  /** The package with the fewest kinds of versions left, one case a kind; undefined when nothing is left to split. */
  private split(state: State, depth: number): ReadingCase[] | undefined {
    let best: { pkg: number; groups: number[][] } | undefined;
    for (const [pkg, { mask }] of state) {
      if ((mask & ABSENT) !== 0n) continue;
      const kinds = new Map<string, number[]>();
      for (const v of versionsIn(mask)) {
        const kind = this.terms.map((terms) => ((terms.get(pkg) ?? 0n) >> BigInt(v + 1)) & 1n).join('');
        kinds.set(kind, [...(kinds.get(kind) ?? []), v]);
      }
      if (kinds.size < 2 || (best !== undefined && best.groups.length <= kinds.size)) continue;
      best = { pkg, groups: [...kinds.values()] };
    }
    if (best === undefined) return undefined;
    const { pkg, groups } = best;
    const cases: ReadingCase[] = [];
    for (const versions of groups.sort((a, b) => b.at(-1)! - a.at(-1)!)) {
      const inner: State = new Map(state);
      const { lines } = state.get(pkg)!;
      inner.delete(pkg);
      inner.set(pkg, { mask: maskOf({ versions, absent: false }), lines });
      const reading = this.read(inner, depth + 1);
      if (reading === undefined) return undefined;
      cases.push({ pkg, versions, reading });
    }
    return cases;
  }
}

function shortest(steps: readonly Step[]): Step | undefined {
  return steps.reduce<Step | undefined>(
    (best, step) => (best === undefined || step.facts.length < best.facts.length ? step : best),
    undefined,
  );
}
