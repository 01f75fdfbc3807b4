import { joinWords, type SetNames } from './describe-set.js';
import type { ProofTerm } from './proof.js';

/** A derived incompatibility as a clause: what selecting some versions would mean for others. */
export function describeConclusion(terms: readonly ProofTerm[], names: SetNames): string {
  if (terms.length === 0) return 'there is no solution';
  const selected = terms
    .filter((term) => !term.absent)
    .map((term) => names.spell(term.package, term.versions));
  const needed = terms.filter((term) => term.absent);
  const wanted = needed.flatMap((term) => {
    const left = names.inverse(term);
    return left.length === 0 ? [] : [names.spell(term.package, left)];
  });
  if (wanted.length === 0) {
    if (selected.length === 1)
      return none(selected[0]!, 'can be selected') ?? `${selected[0]} cannot be selected`;
    if (selected.length === 2) {
      const [a, b] = [selected[0]!, selected[1]!];
      const together = none(a, `goes together with ${b}`) ?? none(b, `goes together with ${a}`);
      return together ?? `${a} cannot go together with ${b}`;
    }
    return `${joinWords(selected)} cannot go together`;
  }
  const need = joinWords(wanted, 'or');
  if (selected.length === 0) return `${need} is needed`;
  return `${joinWords(selected)} ${selected.length === 1 ? 'needs' : 'need'} ${need}`;
}

/** "every version of x" must not be followed by a negation. */
function none(spelled: string, can: string): string | undefined {
  return spelled.startsWith('every version of ') ? `${spelled.replace('every', 'no')} ${can}` : undefined;
}
