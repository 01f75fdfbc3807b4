import { isProvError } from '#base';
import { loadPublicKey, type PublicKey } from '../public-key.js';
import { parsePattern, type RepositoryPattern } from '../repository-pattern.js';
import { type Overlap, overlapOf } from './overlap.js';

/**
 * What became of a part of the other policy. `refused`: it was accepted there and is refused here. `stricter` and
 * `looser`: it means more or less here. `left-out`: it has no meaning here.
 */
export interface ImportNote {
  readonly effect: 'refused' | 'stricter' | 'looser' | 'left-out';
  /** Where in the file that was read. */
  readonly at: string;
  readonly text: string;
}

export interface DraftRule {
  readonly name: string;
  readonly pattern: RepositoryPattern;
  readonly version?: string | undefined;
  /** Names of principals or authorities; all of them must sign. */
  readonly by: readonly string[];
  readonly log?: boolean | undefined;
  readonly timestamp?: boolean | undefined;
  readonly at: string;
}

/** What may be accepted there and cannot be said here. */
interface Refusal {
  readonly pattern: RepositoryPattern;
  readonly versions?: string | undefined;
  readonly reason: string;
  readonly at: string;
}

const LABEL = /[^A-Za-z0-9._-]+/g;

/** A trust policy that grows out of another program's; what is not in it is refused by its default. */
export class PolicyDraft {
  readonly notes: ImportNote[] = [];
  readonly mirrors = new Map<string, string>();
  readonly deniedDigests = new Map<string, string>();
  readonly #keys = new Map<string, { name: string; pem: string }>();
  readonly #authorities = new Map<string, { threshold: number; of: readonly string[] }>();
  readonly #standIn: string | undefined;
  readonly #refusals: Refusal[] = [];
  #rules: DraftRule[] = [];

  /** `standIns` speak for what was signed there in a way that prov cannot verify. */
  constructor(standIns: readonly PublicKey[] = []) {
    const names = standIns.map((key, i) => this.#add(key, `given-${i + 1}`));
    this.#standIn = names.length === 0 ? undefined : this.anyOf('given', names);
  }

  get keys(): readonly { readonly name: string; readonly pem: string }[] {
    return [...this.#keys.values()];
  }
  get authorities(): ReadonlyMap<string, { readonly threshold: number; readonly of: readonly string[] }> {
    return this.#authorities;
  }
  get rules(): readonly DraftRule[] {
    return this.#rules;
  }
  get standIn(): string | undefined {
    return this.#standIn;
  }

  note(effect: ImportNote['effect'], at: string, text: string): void {
    if (!this.notes.some((each) => each.text === text && each.at === at))
      this.notes.push({ effect, at, text });
  }

  /** The principal of a key, each its own; undefined and a note when prov does not take such a key. */
  addKey(pem: string, name: string, at: string): string | undefined {
    try {
      return this.#add(loadPublicKey(pem), name);
    } catch (error) {
      if (!isProvError(error)) throw error;
      this.note('refused', at, `a key that prov does not take: ${error.message}`);
      return undefined;
    }
  }

  #add(key: PublicKey, name: string): string {
    const known = this.#keys.get(key.id);
    if (known !== undefined) return known.name;
    const free = this.#free(
      name,
      [...this.#keys.values()].map((each) => each.name),
    );
    this.#keys.set(key.id, { name: free, pem: key.pem });
    return free;
  }

  /** The name of whoever must sign: one principal, or a group of which some must. */
  anyOf(name: string, members: readonly string[], threshold = 1): string {
    const of = [...new Set(members)];
    if (of.length === 1 && threshold === 1) return of[0]!;
    for (const [known, group] of this.#authorities)
      if (group.threshold === threshold && group.of.join() === of.join()) return known;
    const taken = [...this.#authorities.keys(), ...[...this.#keys.values()].map((each) => each.name)];
    const free = this.#free(name, taken);
    this.#authorities.set(free, { threshold, of });
    return free;
  }

  /** A pattern of ours; undefined and a note where it cannot be said. */
  pattern(text: string, at: string, meant: string): RepositoryPattern | undefined {
    try {
      return parsePattern(text);
    } catch (error) {
      if (!isProvError(error)) throw error;
      this.note('refused', at, `"${meant}" cannot be said as a pattern of repositories: ${error.hint}`);
      return undefined;
    }
  }

  accept(rule: DraftRule): void {
    const name = this.#free(
      rule.name,
      this.#rules.map((each) => each.name),
    );
    this.#rules.push({ ...rule, name });
  }

  /** What no rule may accept, also where a rule about more would. */
  refuse(refusal: Refusal): void {
    this.#refusals.push(refusal);
  }

  /** Rules that are about some of the same repositories, brought to one meaning, and the denials that are needed. */
  settle(meaning: 'all' | 'most-specific'): readonly Refusal[] {
    this.#mergeEqual();
    if (meaning === 'all') this.#addCovering();
    // The most specific rule may stand below a refusal; whatever else a rule would decide there must be denied.
    const excepted = ({ pattern }: DraftRule, refused: RepositoryPattern) =>
      meaning === 'most-specific' &&
      pattern.text !== refused.text &&
      overlapOf(refused, pattern) === 'covers';
    const needed = this.#refusals.filter(({ pattern }) =>
      this.#rules.some((rule) => overlapOf(rule.pattern, pattern) !== 'apart' && !excepted(rule, pattern)),
    );
    for (const { pattern, versions, at } of needed)
      for (const rule of this.#rules)
        if (versions === undefined && overlapOf(pattern, rule.pattern) === 'covers')
          this.note(
            'stricter',
            at,
            `the denial of "${pattern.text}" also refuses what "${rule.pattern.text}" would accept`,
          );
    return needed;
  }

  #mergeEqual(): void {
    const merged: DraftRule[] = [];
    for (const rule of this.#rules) {
      const i = merged.findIndex(
        (each) => each.pattern.text === rule.pattern.text && each.version === rule.version,
      );
      if (i < 0) merged.push(rule);
      else merged[i] = both(merged[i]!, rule);
    }
    this.#rules = merged;
  }

  /** Where all that match must be met: the most specific rule asks for what the wider ones ask for too. */
  #addCovering(): void {
    const rules = this.#rules;
    const relation = (a: DraftRule, b: DraftRule): Overlap => overlapOf(a.pattern, b.pattern);
    const crossing = rules.filter((rule) =>
      rules.some(
        (other) =>
          other !== rule && relation(rule, other) === 'unclear' && relation(other, rule) === 'unclear',
      ),
    );
    for (const { pattern, at } of crossing) {
      const reason = 'it overlaps with another policy, and there both must be met';
      this.note('refused', at, `"${pattern.text}": ${reason}, which one rule cannot say`);
      this.#refusals.push({ pattern, reason, at });
    }
    this.#rules = rules
      .filter((rule) => !crossing.includes(rule))
      .map((rule) =>
        rules
          .filter((other) => other !== rule && relation(other, rule) === 'covers')
          .reduce((all, wider) => both(all, wider), rule),
      );
  }

  #free(name: string, taken: readonly string[]): string {
    const plain =
      name
        .replace(LABEL, '-')
        .replace(/^[^A-Za-z0-9]+/, '')
        .slice(0, 48) || 'imported';
    let free = plain;
    for (let n = 2; taken.includes(free); n += 1) free = `${plain}-${n}`;
    return free;
  }
}

function both(rule: DraftRule, other: DraftRule): DraftRule {
  return {
    ...rule,
    by: [...new Set([...rule.by, ...other.by])],
    log: rule.log === true || other.log === true,
    timestamp: rule.timestamp === true || other.timestamp === true,
  };
}
