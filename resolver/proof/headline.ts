import { isVersion } from '#schemas';
import type { Cause } from './cause.js';
import { describeCause } from './describe-cause.js';
import { withRange } from './describe-fact.js';
import { joinWords, type SetNames } from './describe-set.js';
import type { Proof, ProofFact } from './proof.js';
import type { Reading } from './reading.js';

/** Requirements that a headline names; of more it gives the number. */
const NAMED_REQUIREMENTS = 3;

type Required = Extract<Cause, { type: 'requirement' }>;

/** One sentence: what cannot be had, and the clash behind it when that fits into the sentence. */
export function headlineOf(proof: Proof, reading: Reading | undefined, names: SetNames): string {
  const required = proof.facts.flatMap(({ cause }) => (cause.type === 'requirement' ? [cause] : []));
  const single = required.length === 1 && proof.facts.length === 1 ? required[0] : undefined;
  if (single !== undefined) return nothingThere(single);
  const last = reading !== undefined && reading.cases.length === 0 ? reading.lines.at(-1) : undefined;
  const closing = last?.facts.map((at) => proof.facts[at]!) ?? [];
  const wanted = proof.facts.find(({ cause }) => cause.type === 'no-fallback')?.cause;
  const subject = wanted?.type === 'no-fallback' ? wanted.path[0]! : subjectOf(required);
  const cannot = `${subject} cannot be installed${required.length > 1 ? ' together' : ''}`;
  const why = whyNot(closing, names);
  if (why !== undefined) return `${cannot}: ${why}.`;
  const target = last?.target === undefined ? undefined : proof.packages[last.target];
  if (target === undefined || target.role !== 'extension') return `${cannot}.`;
  const own = required.filter((cause) => cause.target === target.name);
  const others = required.filter((cause) => cause.target !== target.name);
  if (own.length === 1 && others.length > 0)
    return `${withRange(own[0]!.target, own[0]!.range)} is required, but ${subjectOf(others)} needs another version of ${target.name}.`;
  if (own.length > 1 && others.length === 0)
    return `${target.name} is required as ${joinWords(own.map(({ range }) => range))}, and no version is both.`;
  if (others.length === 1)
    return `${subject} cannot be installed: what it needs asks for different versions of ${target.name}.`;
  return `${subject} need different versions of ${target.name}.`;
}

function subjectOf(required: readonly Required[]): string {
  const wanted = [...new Set(required.map(({ target, range }) => withRange(target, range)))];
  if (wanted.length <= NAMED_REQUIREMENTS) return joinWords(wanted);
  return `${joinWords(wanted.slice(0, NAMED_REQUIREMENTS - 1))} and ${wanted.length - NAMED_REQUIREMENTS + 1} others`.replace(
    ' and ',
    ', ',
  );
}

/** One requirement that nothing meets. */
function nothingThere({ target, range, available, targetKind }: Required): string {
  const where = available?.offline === true ? 'what is kept on this machine' : available?.location;
  if (available === undefined || available.versions.length === 0)
    return `There is no ${target} in ${where ?? 'any registry'}.`;
  if (targetKind !== undefined && available.kind !== undefined && available.kind !== targetKind)
    return `${target} is a ${available.kind}, not a ${targetKind}.`;
  const prereleases = available.versions.every((version) => version.includes('-'));
  if (prereleases && range === '*') return `${target} has only pre-releases.`;
  if (isVersion(range)) return `There is no ${target} ${range} in ${where}.`;
  return `No version of ${target} is in ${range}.`;
}

/** The clash in half a sentence, when one kind of fact is the whole of it. */
function whyNot(closing: readonly ProofFact[], names: SetNames): string | undefined {
  const [first] = closing;
  if (first === undefined) return undefined;
  const { cause, terms } = first;
  const own = terms[0] === undefined ? '' : names.spell(terms[0].package, terms[0].versions);
  const alone = closing.length === 1;
  switch (cause.type) {
    case 'dependency': {
      if (!alone || cause.available === undefined) return undefined;
      const { versions, location, offline } = cause.available;
      const where = offline === true ? 'what is kept on this machine' : location;
      const needs = cause.overridden === undefined ? '' : ` (by an override)`;
      return versions.length === 0
        ? `${own} needs ${cause.target}${needs}, which is not in ${where}`
        : `${own} needs ${withRange(cause.target, cause.range)}${needs}, and there is no such version`;
    }
    case 'conflict':
      return `${own} declares a conflict with ${withRange(cause.target, cause.range)}`;
    case 'exclusive':
      return `only one extension may provide ${cause.capability}`;
    case 'same-name':
      return `two extensions have the name ${cause.name}`;
    case 'locked':
      return `the lock holds ${names.nameOf(terms[0])} ${cause.version}`;
    case 'no-fallback':
      return `${cause.path.at(-1)} ${cause.version} is not trusted`;
    case 'constraint':
      return cause.origin === undefined
        ? `${own} goes only with ${withRange(cause.target, cause.range)}`
        : undefined;
    case 'requirement':
    case 'offer':
    case 'choice':
      return undefined;
    default:
      return closing.every((fact) => fact.cause.type === cause.type)
        ? `${own} ${describeCause(cause)}`
        : undefined;
  }
}
