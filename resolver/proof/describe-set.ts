import type { Proof, ProofTerm } from './proof.js';

/** How a proof's sets are spelled: by the range somebody wrote where it fits, else from what is known. */
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
      if (last.absent === (cause.type !== 'conflict') && !this.ranges.has(key))
        this.ranges.set(key, cause.range);
    }
  }

  /** The versions that a term leaves out: what a negative term asks for. */
  inverse({ package: pkg, versions }: ProofTerm): number[] {
    return [...this.proof.packages[pkg]!.versions.keys()].filter((v) => !versions.includes(v));
  }

  /** Such as "redis ^7", "every version of redis", "redis 6.0.0 or 7.1.0". */
  spell(pkg: number, versions: readonly number[]): string {
    const { name, versions: all, role } = this.proof.packages[pkg]!;
    if (role === 'capability') return versions.map((v) => all[v]!).join(' or ');
    if (versions.length === 1) return `${name} ${all[versions[0]!]}`;
    if (versions.length === all.length) return `every version of ${name}`;
    const written = this.ranges.get(keyOf(pkg, versions));
    if (written !== undefined) return `${name} ${written}`;
    const runs = runsOf(versions);
    if (runs.length > 3) return `${versions.length} of the ${all.length} versions of ${name}`;
    return `${name} ${runs.map(([from, to]) => spellRun(all, from, to)).join(' or ')}`;
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
  if (from === 0) return `<=${all[to]}`;
  if (to === all.length - 1) return `>=${all[from]}`;
  return `>=${all[from]} <=${all[to]}`;
}

/** "a", "a and b", "a, b and c". */
export function joinWords(words: readonly string[], last: 'and' | 'or' = 'and'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}
