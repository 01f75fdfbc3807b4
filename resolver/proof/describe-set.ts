import type { Proof, ProofTerm } from './proof.js';

/** Runs of neighbouring versions that are still spelled out one by one. */
const SPELLED_RUNS = 3;
/** Versions left out of a run before "except" is harder to read than the run itself. */
const SPELLED_EXCEPTIONS = 2;

/**
 * How a proof's sets are spelled: a single version by its number, else by the range somebody wrote if it
 * is the same set, else from what is known. The same set always reads the same.
 */
export class SetNames {
  private readonly proof: Proof;
  private readonly ranges = new Map<string, string>();

  constructor(proof: Proof) {
    this.proof = proof;
    for (const { terms, cause } of proof.facts) {
      if (cause.type !== 'requirement' && cause.type !== 'dependency' && cause.type !== 'conflict') continue;
      const last = terms.at(-1);
      if (last === undefined) continue;
      const meant = cause.type === 'conflict' ? last.versions : this.inverse(last);
      const key = keyOf(last.package, meant);
      const known = this.ranges.get(key);
      if (last.absent !== (cause.type !== 'conflict')) continue;
      if (known === undefined || cause.range.length < known.length) this.ranges.set(key, cause.range);
    }
  }

  nameOf(term: ProofTerm | undefined): string {
    return term === undefined ? 'it' : this.proof.packages[term.package]!.name;
  }

  /** The versions that a term leaves out: what a negative term asks for. */
  inverse({ package: pkg, versions }: ProofTerm): number[] {
    const out = new Set(versions);
    return [...this.proof.packages[pkg]!.versions.keys()].filter((v) => !out.has(v));
  }

  /** Such as "redis ^7", "every version of redis", "redis 6.0.0 or 7.1.0". */
  spell(pkg: number, versions: readonly number[]): string {
    const { name, versions: all, role } = this.proof.packages[pkg]!;
    if (role === 'capability')
      return versions.length === 0 ? `no ${name}` : versions.map((v) => all[v]!).join(' or ');
    if (versions.length === 0) return `no version of ${name}`;
    if (versions.length === all.length && versions.length > 1) return `every version of ${name}`;
    return `${name} ${this.spellVersions(pkg, versions)}`;
  }

  /** The same without the name: "^7", "6.0.0 or 7.1.0", "<=6.2.0". */
  spellVersions(pkg: number, versions: readonly number[]): string {
    const { versions: all } = this.proof.packages[pkg]!;
    if (versions.length === 1) return all[versions[0]!]!;
    if (versions.length === all.length) return 'every version';
    const written = this.ranges.get(keyOf(pkg, versions));
    if (written !== undefined) return written;
    const runs = runsOf(versions);
    if (runs.length <= SPELLED_RUNS) return runs.map(([from, to]) => spellRun(all, from, to)).join(' or ');
    const [low, high] = [versions[0]!, versions.at(-1)!];
    const chosen = new Set(versions);
    const missing = [...all.keys()].slice(low, high).filter((v) => !chosen.has(v));
    if (missing.length <= SPELLED_EXCEPTIONS)
      return `${spellRun(all, low, high)} except ${joinWords(missing.map((v) => all[v]!))}`;
    return `${all[high]}, ${all[versions.at(-2)!]} and ${versions.length - 2} older (of ${all.length})`;
  }
}

function keyOf(pkg: number, versions: readonly number[]): string {
  return `${pkg}:${versions.join(',')}`;
}

/** Ascending numbers as runs of neighbours. */
function runsOf(versions: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const v of versions) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === v - 1) run[1] = v;
    else runs.push([v, v]);
  }
  return runs;
}

function spellRun(all: readonly string[], from: number, to: number): string {
  if (from === to) return all[from]!;
  if (to === from + 1) return `${all[from]} or ${all[to]}`;
  if (from === 0) return `<=${all[to]}`;
  if (to === all.length - 1) return `>=${all[from]}`;
  return `>=${all[from]} <=${all[to]}`;
}

/** "a", "a and b", "a, b and c". */
export function joinWords(words: readonly string[], last: 'and' | 'or' = 'and'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}
