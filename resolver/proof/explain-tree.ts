import type { ResolutionFailure } from '../failure.js';
import { isRoot } from './cause.js';
import { describeFact } from './describe-fact.js';
import { SetNames } from './describe-set.js';
import { explanationOf } from './explain-failure.js';
import type { Proof, ProofFact } from './proof.js';

/**
 * The failure as a tree: what people wrote at the roots, below each what it brings, each fact once. Facts
 * that end a branch are marked with ✗.
 */
export function explainTree(failure: ResolutionFailure): string {
  const { headline, available } = explanationOf(failure);
  if (failure.type === 'budget') return headline;
  const { proof } = failure;
  const names = new SetNames(proof);
  const parts = [headline, ...branches(forest(proof), '', (fact) => describeFact(fact, names))];
  if (available.length > 0) parts.push(`Available: ${available.join('\n           ')}`);
  return parts.join('\n');
}

interface Branch {
  readonly fact: ProofFact;
  readonly below: Branch[];
}

/** Every fact under the first one that leads to it; those that nothing leads to are roots. */
function forest({ facts }: Proof): Branch[] {
  const left = new Set(facts);
  const grow = (fact: ProofFact): Branch => {
    left.delete(fact);
    const branch: Branch = { fact, below: [] };
    const demanded = fact.terms.find(({ absent }) => absent)?.package;
    if (demanded === undefined) return branch;
    const next = [...left].filter(({ terms }) =>
      terms.some((term) => term.package === demanded && !term.absent),
    );
    for (const each of next) if (left.has(each)) branch.below.push(grow(each));
    return branch;
  };
  const roots = facts.filter(({ cause }) => isRoot(cause)).map(grow);
  while (left.size > 0) roots.push(grow([...left][0]!));
  return roots;
}

function branches(all: readonly Branch[], indent: string, describe: (fact: ProofFact) => string): string[] {
  return all.flatMap(({ fact, below }, i) => {
    const last = i === all.length - 1;
    const leaf = below.length === 0 ? '✗ ' : '';
    return [
      `${indent}${last ? '└─ ' : '├─ '}${leaf}${describe(fact)}`,
      ...branches(below, `${indent}${last ? '   ' : '│  '}`, describe),
    ];
  });
}
