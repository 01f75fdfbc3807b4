import type { ResolutionFailure } from '../failure.js';
import type { Cause } from './cause.js';
import { describeConclusion } from './describe-conclusion.js';
import { describeFact, spellVersions } from './describe-fact.js';
import { joinWords, SetNames } from './describe-set.js';
import type { Proof } from './proof.js';

/** Facts that one line takes in before it draws a conclusion; more is hard to follow. */
const FACTS_A_LINE = 2;

/** A failure in words, in the order in which to read it. Plain JSON. */
export interface Explanation {
  /** One sentence. */
  readonly headline: string;
  /** The proof; a line referred to from afar ends with its number. */
  readonly lines: readonly string[];
  /** What there is of each package that the proof is about. */
  readonly available: readonly string[];
  readonly hints: readonly string[];
}

/** The failure as text for people: numbered where a line is referred to, with file and line of every root fact. */
export function explainFailure(failure: ResolutionFailure): string {
  const { headline, lines, available, hints } = explanationOf(failure);
  const parts = [headline, ...lines.map((line) => `  ${line}`)];
  if (available.length > 0) parts.push(`Available: ${available.join('; ')}.`);
  return [...parts, ...hints].join('\n');
}

/** The parts of the text, for other renderings. */
export function explanationOf(failure: ResolutionFailure): Explanation {
  if (failure.type === 'budget') {
    const about = failure.contested.length === 0 ? '' : ` Most in dispute: ${joinWords(failure.contested)}.`;
    return {
      headline: `No answer after ${failure.budget} steps.${about}`,
      lines: [],
      available: [],
      hints: ['Narrow the ranges of these packages, or raise the step budget.'],
    };
  }
  const { proof } = failure;
  const targets = proof.facts.flatMap(({ cause }) => (cause.type === 'requirement' ? [cause.target] : []));
  return {
    headline: `No solution for ${joinWords([...new Set(targets)].sort())}.`,
    lines: proofLines(proof),
    available: proof.packages
      .filter(({ role, versions }) => role === 'extension' && versions.length > 0)
      .map(({ name, versions }) => `${name} ${spellVersions(versions)}`),
    hints: [...new Set(proof.facts.flatMap(({ cause }) => hintOf(cause) ?? []))],
  };
}

/** One line a conclusion; a conclusion that only the next step uses is passed over. */
function proofLines(proof: Proof): string[] {
  const names = new SetNames(proof);
  const { facts, steps } = proof;
  if (steps.length === 0) return facts.map((fact) => sentence(`${describeFact(fact, names)}`));
  const users = new Map<number, number[]>();
  steps.forEach(({ left, right }, i) => {
    for (const used of [left, right]) users.set(used, [...(users.get(used) ?? []), i]);
  });
  const lines: string[] = [];
  const numbers = new Map<number, number>();
  let reasons: string[] = [];
  let continues = false;
  let shown = -1;
  steps.forEach((step, i) => {
    const at = facts.length + i;
    const before = at - 1;
    for (const premise of [step.left, step.right]) {
      if (premise < facts.length) reasons.push(describeFact(facts[premise]!, names));
      else if (premise === before) continues ||= shown === before;
      else
        reasons.push(
          `${describeConclusion(steps[premise - facts.length]!.terms, names)} (${numbers.get(premise)})`,
        );
    }
    const [user, ...others] = users.get(at) ?? [];
    const next = steps[i + 1];
    const onlyNext = user === i + 1 && others.length === 0 && next !== undefined;
    if (onlyNext && reasons.length < FACTS_A_LINE) return;
    const conclusion = describeConclusion(step.terms, names);
    const opening = continues ? (next === undefined ? 'So, because' : 'And because') : 'Because';
    let line = `${opening} ${joinWords([...new Set(reasons)])}, ${conclusion}.`;
    if (user !== undefined && !onlyNext) {
      numbers.set(at, numbers.size + 1);
      line += ` (${numbers.size})`;
    }
    lines.push(line);
    shown = at;
    reasons = [];
    continues = false;
  });
  return lines;
}

function sentence(clause: string): string {
  return `${clause}.`;
}

function hintOf(cause: Cause): string | undefined {
  switch (cause.type) {
    case 'requirement':
    case 'dependency':
      if (cause.available?.versions.length !== 0) return undefined;
      return `Check the name ${cause.target}, its namespace and the registry ${cause.available.location.replace(/^registry /, '')}.`;
    case 'yanked':
      return 'A yanked version can still be used by naming it exactly.';
    case 'prerelease':
      return 'Allow pre-releases with resolution.prerelease, or name the version exactly.';
    case 'platform':
      return `Leave ${cause.platform} out of resolution.platforms, or use a version that supports it.`;
    case 'compatibility':
      return `Upgrade prov to ${cause.needs}.`;
    case 'too-new':
      return 'Wait until the version is old enough, or name an older one.';
    case 'age-unknown':
      return 'Have the time of publishing signed, or exempt the package from the minimum age.';
    case 'advisory':
      return `Look up ${cause.advisory}; a version outside ${cause.range} is not affected.`;
    case 'locked':
      return 'Update the lock, or resolve without locked versions.';
    case 'no-fallback':
      return cause.alternative === undefined
        ? undefined
        : `With signatures: prefer, ${cause.alternative} would be taken instead.`;
    case 'refused':
      return 'Have the version signed by somebody whom the trust policy accepts.';
    case 'exclusive':
      return `Require only one provider of ${cause.capability}.`;
    case 'same-name':
      return 'Require it from one place only.';
    default:
      return undefined;
  }
}
