import { counted } from '#base';
import type { Cause } from './cause.js';
import { ignoredTagsNote, spellVersions } from './describe-fact.js';
import type { Proof } from './proof.js';

/** Packages shown; a proof about more than these is not made clearer by their lists. */
const SHOWN_PACKAGES = 4;

/** What a version may be that cannot be used, in a word. */
const WORDS: Readonly<Partial<Record<Cause['type'], string>>> = {
  yanked: 'yanked',
  revoked: 'revoked',
  platform: 'not for this platform',
  compatibility: 'for another prov',
  prerelease: 'pre-release',
  'too-new': 'too young',
  'age-unknown': 'of unknown age',
  advisory: 'unsafe',
  refused: 'not trusted',
  malformed: 'damaged',
};

/** What there is of each package that the proof is about, those in dispute first: "redis 7.2.0, 6.2.0 (yanked)". */
export function availableOf(proof: Proof, first: readonly number[]): string[] {
  const order = [...new Set([...first, ...proof.packages.keys()])];
  const shown = order.filter((at) => {
    const { role, versions } = proof.packages[at]!;
    return role === 'extension' && versions.length > 0;
  });
  const lines = shown.slice(0, SHOWN_PACKAGES).map((at) => describe(proof, at));
  const more = shown.length - lines.length;
  return more > 0 ? [...lines.slice(0, -1), `${lines.at(-1)}; and ${counted(more, 'more package')}`] : lines;
}

function describe(proof: Proof, at: number): string {
  const { name, versions, ignoredTags, offline } = proof.packages[at]!;
  const unusable = new Map<string, string>();
  for (const { cause, terms } of proof.facts) {
    const word = WORDS[cause.type];
    const [only] = terms;
    if (word === undefined || only?.package !== at) continue;
    for (const v of only.versions) unusable.set(versions[v]!, word);
  }
  const words = new Set(unusable.values());
  const allAlike = unusable.size === versions.length && words.size === 1;
  const spelled = allAlike
    ? `${spellVersions(versions)} (${versions.length > 1 ? 'all ' : ''}${[...words][0]})`
    : spellVersions(
        versions.map((version) =>
          unusable.has(version) ? `${version} (${unusable.get(version)})` : version,
        ),
      );
  return `${name} ${spelled}${ignoredTagsNote(ignoredTags)}${offline === true ? ' (kept on this machine; the registry was not asked)' : ''}`;
}
