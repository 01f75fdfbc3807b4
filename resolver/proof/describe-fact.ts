import type { Origin } from '../requirement.js';
import type { Available, Cause, Overridden } from './cause.js';
import { describeCause } from './describe-cause.js';
import { joinWords, type SetNames } from './describe-set.js';
import type { ProofFact, ProofTerm } from './proof.js';

/** A fact as a clause: who says what, with file and line where a person wrote it. */
export function describeFact({ terms, cause }: ProofFact, names: SetNames): string {
  const spell = (term: ProofTerm | undefined): string =>
    term === undefined ? 'nothing' : names.spell(term.package, term.versions);
  switch (cause.type) {
    case 'requirement':
      return `${place(cause.origin)} requires ${asked(cause)}`;
    case 'dependency':
      return `${spell(terms[0])} ${verb(terms[0])} on ${asked(cause)}`;
    case 'conflict':
      return `${spell(terms[0])} declares a conflict with ${cause.target} ${cause.range}`;
    case 'constraint':
      return cause.origin === undefined
        ? `${spell(terms[0])} goes only with ${cause.target} ${cause.range}`
        : `${place(cause.origin)} allows ${cause.target} only as ${cause.range}`;
    case 'no-fallback':
      return `${cause.path.join(' → ')} ${cause.version} is what the requirements lead to (while signatures are strict nothing takes its place)`;
    case 'offer':
      return `${cause.capability} ${cause.version} is provided by ${names.spell(terms[1]!.package, names.inverse(terms[1]!))}`;
    case 'exclusive':
      return `${joinWords(terms.map(spell))} both provide ${cause.capability} (only one may)`;
    case 'same-name':
      return `${joinWords(terms.map(spell))} share a name (a workspace has room for one)`;
    default:
      return `${spell(terms[0])} ${describeCause(cause)}`;
  }
}

/** `config/provisioning.yaml:12 (workspace)`. */
export function place({ file, line, layer }: Origin): string {
  return `${file}${line === undefined ? '' : `:${line}`} (${layer})`;
}

function verb(term: ProofTerm | undefined): string {
  return term === undefined || term.versions.length === 0 ? 'depend' : 'depends';
}

function asked(cause: Extract<Cause, { type: 'requirement' | 'dependency' }>): string {
  const kind = cause.targetKind === undefined ? '' : `${cause.targetKind} `;
  return `${kind}${cause.target} ${cause.range}${origin(cause.overridden)}${shortage(cause)}`;
}

function origin(overridden: Overridden | undefined): string {
  return overridden === undefined
    ? ''
    : ` (instead of ${overridden.range}, overridden by ${place(overridden.origin)})`;
}

function shortage({
  available,
  target,
  targetKind,
}: {
  available?: Available;
  target: string;
  targetKind?: string;
}): string {
  if (available === undefined) return '';
  const { location, versions, kind } = available;
  if (versions.length === 0) return ` (there is no ${target} in ${location})`;
  if (targetKind !== undefined && kind !== undefined && kind !== targetKind)
    return ` (${target} in ${location} is a ${kind})`;
  return ` (${location} has ${spellVersions(versions)})`;
}

/** The known versions, the newest first, cut short. */
export function spellVersions(versions: readonly string[]): string {
  const newest = [...versions].reverse().slice(0, 4);
  const rest = versions.length - newest.length;
  return rest === 0 ? joinWords(newest) : `${newest.join(', ')} and ${rest} older`;
}
