import type { ResolutionFailure } from '../failure.js';
import { availableOf } from './available.js';
import { describeLine } from './describe-line.js';
import { joinWords, SetNames } from './describe-set.js';
import { factLines } from './fact-lines.js';
import { headlineOf } from './headline.js';
import { hintsOf } from './hints.js';
import type { Proof } from './proof.js';
import { type Reading, readProof } from './reading.js';

/** A failure in words, in the order in which to read it. Plain JSON. */
export interface Explanation {
  /** One sentence: the conclusion. */
  readonly headline: string;
  /** The proof, numbered; what belongs to one case is indented by two spaces. */
  readonly lines: readonly string[];
  /** What there is of each package that the proof is about. */
  readonly available: readonly string[];
  /** At most one for each type of cause. */
  readonly hints: readonly string[];
}

/**
 * The failure as text for people: the conclusion, numbered reasons with file and line of everything that a
 * person wrote, what there is instead.
 */
export function explainFailure(failure: ResolutionFailure): string {
  return explanationText(explanationOf(failure));
}

/** The text of an explanation, with `more` blocks (fixes, say) before the hints. */
export function explanationText(
  { headline, lines, available, hints }: Explanation,
  more: readonly string[] = [],
): string {
  const parts = [headline, ...lines.map((line) => `  ${line}`)];
  if (available.length > 0) parts.push(`Available: ${available.join('\n           ')}`);
  return [...parts, ...more, ...hints.map((hint) => `Hint: ${hint}`)].join('\n');
}

/** The parts of the text, for other renderings. */
export function explanationOf(failure: ResolutionFailure): Explanation {
  if (failure.type === 'budget') {
    const { learned } = failure;
    const about = failure.contested.length === 0 ? '' : ` Most in dispute: ${joinWords(failure.contested)}.`;
    return {
      headline: `No answer after ${failure.budget} steps.${about}`,
      lines: learned === undefined ? [] : ['Found on the way:', ...factLines(learned, new SetNames(learned))],
      available: [],
      hints: ['Narrow the ranges of these packages, or raise the step budget.'],
    };
  }
  const { proof } = failure;
  const names = new SetNames(proof);
  const reading = readProof(proof);
  return {
    headline: headlineOf(proof, reading, names),
    lines: reading === undefined ? factLines(proof, names) : readingLines(reading, proof, names),
    available: availableOf(proof, disputed(reading)),
    hints: [
      ...hintsOf(proof),
      ...(proof.perhapsNotMinimal
        ? ['Some of these reasons may not be needed: there was no time to find out.']
        : []),
    ],
  };
}

function readingLines({ lines, cases }: Reading, proof: Proof, names: SetNames): string[] {
  return [
    ...lines.map((line) => `${line.number}. ${describeLine(line, proof, names)}.`),
    ...cases.flatMap(({ pkg, versions, reading }) => [
      `With ${names.spell(pkg, versions)}:`,
      ...readingLines(reading, proof, names).map((line) => `  ${line}`),
    ]),
  ];
}

/** The packages at which the reading ends, then those it came to last. */
function disputed(reading: Reading | undefined): number[] {
  if (reading === undefined) return [];
  const inner = reading.cases.flatMap((each) => disputed(each.reading));
  const own = reading.lines
    .flatMap(({ target, pivot }) => [target, pivot])
    .filter((pkg) => pkg !== undefined);
  return [...inner, ...own.reverse()];
}
