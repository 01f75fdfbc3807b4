import type { Cause } from './cause.js';
import { asked, describeFact } from './describe-fact.js';
import { joinWords, type SetNames } from './describe-set.js';
import type { Proof, ProofFact } from './proof.js';
import type { ReadingLine } from './reading.js';
import { ABSENT, fullMask, type Mask, maskOf, versionsIn } from './term-masks.js';

/** Facts spelled out one by one in a line; more are summed up. */
const SPELLED_FACTS = 3;

/** A line of a reading as a sentence: what is stated, then what it leaves. */
export function describeLine(line: ReadingLine, proof: Proof, names: SetNames): string {
  const facts = line.facts.map((at) => proof.facts[at]!);
  const said =
    facts.length === 1 ? describeFact(facts[0]!, names) : severalFacts(line, { proof, names, facts });
  return `${said}${conclusion(line, { proof, names, facts })}`;
}

export interface Told {
  readonly proof: Proof;
  readonly names: SetNames;
  readonly facts: readonly ProofFact[];
}

type Dependency = Extract<Cause, { type: 'dependency' }>;

/** Several facts about the versions of one package: "queue depends on redis: 1.1.0 on ~6.2.0, 1.0.0 on ^6". */
export function severalFacts(
  { pivot, target, after }: Pick<ReadingLine, 'pivot' | 'target' | 'after'>,
  { proof, names, facts }: Told,
): string {
  const dependencies = facts.filter(
    (fact): fact is ProofFact & { cause: Dependency } => fact.cause.type === 'dependency',
  );
  const targets = new Set(dependencies.map(({ cause }) => cause.target));
  const alike = dependencies.length === facts.length && targets.size === 1;
  if (
    !alike ||
    pivot === undefined ||
    facts.some(({ cause }) => (cause as Dependency).overridden !== undefined)
  ) {
    if (facts.length <= SPELLED_FACTS) return joinWords(facts.map((fact) => describeFact(fact, names)));
    const first = describeFact(facts[0]!, names);
    return `${first}, and ${facts.length - 1} such facts about other versions of ${proof.packages[pivot ?? facts[0]!.terms[0]!.package]!.name}`;
  }
  const { name, versions } = proof.packages[pivot]!;
  const [on] = [...targets];
  if (facts.length > SPELLED_FACTS) {
    const all =
      target === undefined || after === 0n ? '' : `, in all ${names.spell(target, versionsIn(after))}`;
    return `every version of ${name} depends on ${on}, in ${facts.length} different ranges${all}`;
  }
  const each = dependencies.map((fact) => {
    const own = fact.terms.find((term) => term.package === pivot)!;
    return `${names.spellVersions(pivot, own.versions)} on ${asked({ ...fact.cause, target: '' }).trim() || 'any version'}`;
  });
  return `${name} depends on ${on}${versions.length > 0 ? `: ${joinWords(each)}` : ''}`;
}

function conclusion(line: ReadingLine, told: Told): string {
  const { target, before, after, uses } = line;
  const { proof, names, facts } = told;
  if (target === undefined) return facts[0]!.terms.length === 0 ? '' : ` (${linesOf(line)})`;
  const { name, versions } = proof.packages[target]!;
  const fresh = before === fullMask(proof, target);
  const spell = (mask: Mask): string => names.spell(target, versionsIn(mask));
  const leaves = uses.length > 1 ? 'leave' : 'leaves';
  if (after === 0n) {
    if (isAbout(line, told)) {
      const said = facts.reduce((mask, { terms }) => mask | maskOf(terms[0]!), 0n);
      if (versionsIn(said).length === versions.length) return '';
      return uses.length === 0 ? '' : `, and no other version is left (${linesOf(line)})`;
    }
    if (fresh) return facts.length > 1 ? ', and no version fits that' : '';
    if (versionsIn(before).length === 0)
      return `, which ${linesOf(line)} ${uses.length > 1 ? 'rule' : 'rules'} out`;
    return `, but ${linesOf(line)} ${leaves} only ${spell(before)}`;
  }
  const left = versionsIn(after).length === 0 ? `no ${name}` : spell(after);
  const maybe = (after & ABSENT) !== 0n && versionsIn(after).length > 0 ? ', if any' : '';
  if (isAbout(line, told)) return `; that leaves ${left}${maybe}`;
  if (isAgainst(line, told)) {
    const how =
      facts[0]!.cause.type === 'dependency'
        ? `, which ${linesOf(line)} ${uses.length > 1 ? 'rule' : 'rules'} out`
        : '';
    return `${how}; that leaves ${left}${maybe}`;
  }
  if (facts.length > SPELLED_FACTS) return '';
  if (facts.length > 1) {
    const needed = versionsIn(after).length === versions.length ? name : left;
    return `; ${facts.length === 2 ? 'either way' : 'in any case'} ${needed} is needed`;
  }
  if (fresh || (before | ABSENT) === fullMask(proof, target)) return '';
  return `; with ${linesOf(line)} that leaves ${left}${maybe}`;
}

/** The line says something of the target's own versions only: that they were yanked, say. */
function isAbout({ target }: ReadingLine, { facts }: Told): boolean {
  return facts.every(({ terms }) => terms.length === 1 && terms[0]!.package === target && !terms[0]!.absent);
}

/** The line rules versions of the target out because what they need is ruled out. */
function isAgainst({ target }: ReadingLine, { facts }: Told): boolean {
  return facts.every(({ terms }) =>
    terms.some((term) => term.package === target && (maskOf(term) & ABSENT) === 0n && terms.length > 1),
  );
}

/** "line 3", "lines 1 and 3". */
function linesOf({ uses }: Pick<ReadingLine, 'uses'>): string {
  const numbers = [...uses].sort((a, b) => a - b).map(String);
  if (numbers.length === 0) return 'this';
  return numbers.length === 1 ? `line ${numbers[0]}` : `lines ${joinWords(numbers)}`;
}
