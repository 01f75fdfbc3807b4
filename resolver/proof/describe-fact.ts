import { counted } from '#base';
import type { Origin } from '../requirement.js';
import type { Cause, Overridden } from './cause.js';
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
    case 'locked':
      return `the lock holds ${names.nameOf(terms[0])} ${cause.version}`;
    case 'conflict':
      return `${spell(terms[0])} declares a conflict with ${cause.target} ${cause.range}`;
    case 'constraint':
      return cause.origin === undefined
        ? `${spell(terms[0])} goes only with ${cause.target} ${cause.range}`
        : `${place(cause.origin)} allows ${cause.target} only as ${cause.range}`;
    case 'selected':
      return `${cause.target} ${cause.version} is selected`;
    case 'taken':
      return `${cause.target} is taken`;
    case 'at-least':
      return cause.why === 'kept'
        ? `${cause.target} stays at ${cause.version} or newer`
        : `${cause.target} ${cause.version} or newer is wanted`;
    case 'no-fallback':
      return `${cause.path.join(' → ')} ${cause.version} is what the requirements lead to, and while signatures are strict nothing takes its place`;
    case 'offer':
      return `${cause.capability} ${cause.version} is provided by ${names.spell(terms[1]!.package, names.inverse(terms[1]!))}`;
    case 'exclusive':
      return `${joinWords(terms.map(spell))} both provide ${cause.capability}, and only one may`;
    case 'same-name':
      return `${joinWords(terms.map(spell))} share a name, and a workspace has room for one`;
    default:
      return `${spell(terms[0])} ${describeCause(cause)}`;
  }
}

/** `config/provisioning.yaml:12 (workspace)`. */
export function place({ file, line, layer }: Origin): string {
  if (file === layer) return `the ${file}`;
  return `${file}${line === undefined ? '' : `:${line}`} (${layer})`;
}

function verb(term: ProofTerm | undefined): string {
  return term === undefined || term.versions.length === 0 ? 'depend' : 'depends';
}

/** What is asked for, with what there is when nothing of it fits. */
export function asked(
  cause: Omit<Extract<Cause, { type: 'requirement' | 'dependency' }>, 'type' | 'id'>,
): string {
  const other = cause.available?.kind !== undefined && cause.available.kind !== cause.targetKind;
  const kind = other && cause.targetKind !== undefined ? `${cause.targetKind} ` : '';
  const notes = [replaced(cause.overridden), shortage(cause)].filter((note) => note !== undefined);
  const more = notes.length === 0 ? '' : ` (${notes.join('; ')})`;
  return `${kind}${withRange(cause.target, cause.range)}${more}`;
}

/** "redis ^7"; a range that takes everything is not worth a word. */
export function withRange(name: string, range: string): string {
  return range === '*' ? name : `${name} ${range}`.trim();
}

function replaced(overridden: Overridden | undefined): string | undefined {
  if (overridden === undefined) return undefined;
  return `instead of ${overridden.range}, overridden by ${place(overridden.origin)}`;
}

/** Why nothing fits, when nothing does. */
function shortage({
  available,
  target,
  range,
  targetKind,
}: Pick<Extract<Cause, { type: 'dependency' }>, 'available' | 'target' | 'range' | 'targetKind'>):
  | string
  | undefined {
  if (available === undefined) return undefined;
  const { location, versions, kind, offline, ignoredTags } = available;
  const where = offline === true ? 'what is kept on this machine' : location;
  if (versions.length === 0) return `there is no ${target || 'such extension'} in ${where}`;
  if (targetKind !== undefined && kind !== undefined && kind !== targetKind)
    return `${target} in ${where} is a ${kind}`;
  const only =
    range === '*' && versions.every((version) => version.includes('-')) ? 'only pre-releases: ' : '';
  if (where === '') return `on offer: ${spellVersions(versions)}`;
  return `${where} has ${only}${spellVersions(versions)}${ignoredTagsNote(ignoredTags)}`;
}

/** The known versions, the newest first; many as the newest, the oldest and their number. */
export function spellVersions(versions: readonly string[]): string {
  const newest = [...versions].reverse();
  if (newest.length <= SPELLED_VERSIONS) return joinWords(newest);
  return `${newest[0]}, ${newest[1]} … ${newest.at(-1)} (${newest.length} versions)`;
}

/** Versions that are listed one by one. */
const SPELLED_VERSIONS = 5;

const IGNORED_TAGS_NAMED = 3;

/** Tags that are not versions, so that nobody wonders where they are. */
export function ignoredTagsNote(tags: readonly string[] = []): string {
  if (tags.length === 0) return '';
  const named = tags.slice(0, IGNORED_TAGS_NAMED).join(', ');
  const rest = tags.length > IGNORED_TAGS_NAMED ? ', …' : '';
  return `; ${counted(tags.length, 'tag')} ignored: ${named}${rest}`;
}
