import type { ProblemPackage } from './encode/problem.js';
import type { Selection, Session } from './session.js';
import { hasVersion } from './solver/version-set.js';

/** The candidates of each package that nothing forbids by itself, best first, and how far down a choice is. */
export class Ranks {
  private readonly session: Session;
  private readonly candidates = new Map<ProblemPackage, readonly number[]>();

  constructor(session: Session) {
    this.session = session;
  }

  /** 0: the best candidate, or not selected. */
  of(pkg: ProblemPackage, selection: Selection): number {
    const version = selection.get(pkg.index);
    return version === undefined ? 0 : Math.max(0, this.candidatesOf(pkg).indexOf(version));
  }

  /** How many direct dependencies are not at their best, and how far down everything is together. */
  staleness(selection: Selection): { readonly direct: number; readonly all: number } {
    const { encoder } = this.session;
    let direct = 0;
    let all = 0;
    for (const index of selection.keys()) {
      const pkg = encoder.problem.packages[index]!;
      if (pkg.role !== 'extension') continue;
      const rank = this.of(pkg, selection);
      all += rank;
      if (rank > 0 && encoder.policy.direct.has(pkg.id!)) direct++;
    }
    return { direct, all };
  }

  /** A fact that forbids all candidates after the one at `rank`; none where that forbids nothing. */
  atLeast(pkg: ProblemPackage, rank: number, why: 'kept' | 'wanted'): number[] {
    const candidates = this.candidatesOf(pkg);
    const worst = candidates[rank];
    if (worst === undefined) return [];
    const { problem } = this.session.encoder;
    const allowed = problem.set(pkg.index, candidates.slice(0, rank + 1));
    const others = [...pkg.versions.keys()].filter((v) => !hasVersion(allowed, 0, v));
    if (others.length === 0) return [];
    const cause = { type: 'at-least', why, target: pkg.name, version: pkg.versions[worst]! } as const;
    return [problem.fact([[pkg.index, problem.set(pkg.index, others)]], cause)];
  }

  private candidatesOf(pkg: ProblemPackage): readonly number[] {
    const known = this.candidates.get(pkg);
    if (known !== undefined) return known;
    const { universe } = this.session.encoder.problem;
    const { start, termPackage, termSet, sets } = universe.facts;
    const alone = [...(universe.standing[pkg.index] ?? []), ...this.session.rootFacts].filter(
      (fact) => start[fact + 1]! - start[fact]! === 1 && termPackage[start[fact]!] === pkg.index,
    );
    const order = universe.order[pkg.index] ?? [...pkg.versions.keys()].reverse();
    const candidates = [...order].filter(
      (v) => !alone.some((fact) => hasVersion(sets, termSet[start[fact]!]!, v)),
    );
    this.candidates.set(pkg, candidates);
    return candidates;
  }
}
