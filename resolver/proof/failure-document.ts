import type { ResolutionFailureDocument } from '#schemas';
import type { ResolutionFailure } from '../failure.js';
import { explanationOf } from './explain-failure.js';

/** What can be done, as it is printed. */
export type ShownFixes = Pick<ResolutionFailureDocument, 'fixes' | 'fixesNote'>;

/** The failure for machines: the words, the proof, the fixes. Plain JSON. */
export function failureDocument(
  failure: ResolutionFailure,
  { fixes, fixesNote }: ShownFixes = { fixes: [] },
): ResolutionFailureDocument {
  const words = explanationOf(failure);
  const proof = failure.type === 'unsatisfiable' ? failure.proof : { packages: [], facts: [], steps: [] };
  return JSON.parse(
    JSON.stringify({
      schema: 1,
      type: failure.type,
      ...words,
      fixes,
      fixesNote,
      minimal: failure.type === 'unsatisfiable' && failure.proof.perhapsNotMinimal !== true,
      packages: proof.packages,
      facts: proof.facts,
      steps: proof.steps,
    }),
  ) as ResolutionFailureDocument;
}
