import { ProvError } from '#base';
import { contentKey, type ResolveOptions, resolve, type Solution } from '#resolver';
import type { Lock } from '#schemas';
import type { ManagerContext } from '../context.js';
import { unresolvable } from '../explain/unresolvable.js';
import { type Learned, learnedKey } from '../metadata/learned-source.js';
import {
  readSolution,
  type SolutionContents,
  type SolvePlace,
  solutionLock,
  type Telling,
} from './solve-workspace.js';

/** Times that something else is chosen because of what reading the chosen versions showed. */
const ROUNDS = 128;

export interface TrustedRequest<S extends { readonly solution: Solution }> {
  /** Their source tells what was learned. */
  readonly options: ResolveOptions;
  readonly learned: Map<string, Learned>;
  readonly find: () => Promise<S>;
  readonly place: SolvePlace;
  readonly telling: Telling;
}

/**
 * Solves, reads what was chosen, and solves again while that shows something no metadata says: that the trust policy
 * refuses a version, or when somebody signed that it was published. A refused version ends it, with fixes that
 * lead to accepted ones, unless `resolution.signatures` is `prefer`.
 * @throws TRUST_REFUSED, MANAGER_UNRESOLVABLE; what `find` and `readSolution` throw
 */
export async function solveTrusted<S extends { readonly solution: Solution }>(
  { options, learned, find, place, telling }: TrustedRequest<S>,
  context: ManagerContext,
): Promise<S & { readonly lock: Lock }> {
  const signedTimes = place.workspace.resolution.age_source !== 'registry';
  const knowledge: Knowledge = {
    learned,
    accepted: new Set(),
    limit: signedTimes ? options.publishedBefore : undefined,
    exempt: options.ageExempt,
  };
  let known: SolutionContents['contents'] = new Map();
  /** Whether anything in a solution may not be chosen. */
  const read = async (solution: Solution) => {
    const contents = await readSolution(solution, place, context, known);
    known = contents.contents;
    return { contents, forbidden: learnFrom(contents, knowledge) };
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const found = await find();
    const { contents, forbidden } = await read(found.solution);
    if (!forbidden) return { ...found, lock: solutionLock(found.solution, contents, place) };
    const refusal = contents.refusals.values().next().value;
    if (refusal === undefined || options.signatures === 'prefer') continue;
    await findAccepted();
    throw await refusedWithFixes(refusal);
  }
  throw new ProvError('MANAGER_UNSETTLED', { rounds: ROUNDS });

  /** Goes on to what would be chosen in place of refused versions, until it is accepted or there is nothing. */
  async function findAccepted(): Promise<void> {
    for (let round = 0; round < ROUNDS; round += 1) {
      const result = await resolve({ ...options, signatures: 'prefer' });
      if (!result.ok || !(await read(result.solution)).forbidden) return;
    }
  }

  async function refusedWithFixes(refusal: ProvError): Promise<ProvError> {
    const result = await resolve(options);
    if (result.ok) return refusal;
    const { details } = await unresolvable(result.failure, {
      ...telling,
      options,
      form: telling.explain,
      accepts: ({ packages }) =>
        packages.every(({ id, version }) => knowledge.accepted.has(learnedKey(id, version))),
    });
    const { explanation, suggestion, failure } = details;
    return new ProvError(
      'TRUST_REFUSED',
      {
        ...refusal.details,
        explanation: `${String(refusal.details['explanation'])}\n${String(explanation)}`,
        hint: `${String(suggestion)} ${refusal.hint}`,
        failure,
      },
      { cause: refusal },
    );
  }
}

interface Knowledge {
  readonly learned: Map<string, Learned>;
  /** Versions that were read and may be chosen. */
  readonly accepted: Set<string>;
  /** The newest signed time of publication that is old enough, where there must be one. */
  readonly limit: string | undefined;
  readonly exempt: ResolveOptions['ageExempt'];
}

/** Whether anything that was read forbids what was chosen. */
function learnFrom(
  { refusals, contents, solution }: SolutionContents,
  { learned, accepted, limit, exempt }: Knowledge,
): boolean {
  let forbids = refusals.size > 0;
  for (const [key, refusal] of refusals) {
    const [reason] = String(refusal.details['explanation'] ?? refusal.message).split('\n');
    learned.set(key, { refused: reason! });
  }
  for (const solved of solution.packages) {
    const content = contents.get(contentKey(solved));
    if (content === undefined || 'path' in content) continue;
    const key = learnedKey(solved.id, solved.version);
    const { publishedAt } = content;
    const young =
      limit !== undefined &&
      exempt?.has(solved.id) !== true &&
      (publishedAt === undefined || Date.parse(publishedAt) > Date.parse(limit));
    if (limit !== undefined) learned.set(key, { publishedAt });
    if (young) forbids = true;
    else accepted.add(key);
  }
  return forbids;
}
