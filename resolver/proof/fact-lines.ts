import { isRoot } from './cause.js';
import { describeFact } from './describe-fact.js';
import { severalFacts } from './describe-line.js';
import type { SetNames } from './describe-set.js';
import type { Proof, ProofFact } from './proof.js';

/** Lines of facts; whoever needs more reads the proof itself. */
const MAX_LINES = 30;

/**
 * The facts of a proof that is too entangled to be read from the requirements down, numbered: what people
 * wrote first, then a line for each package and what its versions depend on.
 */
export function factLines(proof: Proof, names: SetNames): string[] {
  const groups = new Map<string, ProofFact[]>();
  const sorted = [...proof.facts.entries()].sort(([i, a], [j, b]) => rank(a) - rank(b) || i - j);
  for (const [at, fact] of sorted) {
    const { cause, terms } = fact;
    const owner = terms.find(({ absent }) => !absent)?.package;
    const alike = cause.type === 'dependency' && owner !== undefined && cause.overridden === undefined;
    const key = alike ? `${owner} ${cause.target}` : `fact ${at}`;
    groups.set(key, [...(groups.get(key) ?? []), fact]);
  }
  const lines = [...groups.values()].map((facts) => {
    if (facts.length === 1) return describeFact(facts[0]!, names);
    const pivot = facts[0]!.terms.find(({ absent }) => !absent)?.package;
    return severalFacts({ pivot, target: undefined, after: 0n }, { proof, names, facts });
  });
  const shown = lines.length > MAX_LINES ? lines.slice(0, MAX_LINES - 1) : lines;
  const rest = lines.length - shown.length;
  return [
    'No choice of versions fits all of this:',
    ...shown.map((line, i) => `${i + 1}. ${line}.`),
    ...(rest > 0 ? [`… and ${rest} more, in the proof (--explain json).`] : []),
  ];
}

function rank({ cause }: ProofFact): number {
  return isRoot(cause) ? 0 : 1;
}
