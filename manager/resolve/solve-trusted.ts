import { ProvError } from '#base';
import { contentKey, type ResolveOptions, resolve, type Solution } from '#resolver';
import type { Lock } from '#schemas';
import type { ManagerContext } from '../context.js';
import { unresolvable } from '../explain/unresolvable.js';
import { type Learned, learnedKey, learnedSource } from '../metadata/learned-source.js';
import type { RegistrySource } from '../metadata/registry-source.js';
import {
  readSolution,
  type SolutionContents,
  type SolvePlace,
  solutionLock,
  type Telling,
} from './solve-workspace.js';

/** Times that something else is chosen because of what reading the chosen versions showed. */
const ROUNDS = 128;

export type TrustedOptions = ResolveOptions & { readonly source: RegistrySource };

export interface TrustedRequest<S extends { readonly solution: Solution }> {
  readonly options: TrustedOptions;
  /** Solves under options that are these but for what was learned. */
  readonly find: (options: TrustedOptions) => Promise<S>;
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
  { options, find, place, telling }: TrustedRequest<S>,
  context: ManagerContext,
): Promise<S & { readonly lock: Lock }> {
  const learned = new Map<string, Learned>();
  const accepted = new Set<string>();
  let known: SolutionContents['contents'] = new Map();
  const read = async (solution: Solution): Promise<SolutionContents> => {
    const contents = await readSolution(solution, place, context, known);
    known = contents.contents;
    return contents;
  };
  const ages = { ...options, signedTimes: place.workspace.resolution.age_source !== 'registry' };
  const informed = (given: TrustedOptions): TrustedOptions => ({
    ...given,
    source: learnedSource(given.source, learned, { signedTimes: signedTimes(ages) }),
  });
  for (let round = 0; round < ROUNDS; round += 1) {
    const found = await find(informed(options));
    const contents = await read(found.solution);
    if (!learnFrom(contents, { learned, accepted, options: ages }))
      return { ...found, lock: solutionLock(found.solution, contents, place) };
    const refusal = contents.refusals.values().next().value;
    if (refusal === undefined || options.signatures === 'prefer') continue;
    await findAccepted();
    throw await refusedWithFixes(refusal);
  }
  throw new ProvError('MANAGER_UNSETTLED', { rounds: ROUNDS });

  /** Goes on to what would be chosen in place of refused versions, until it is accepted or there is nothing. */
  async function findAccepted(): Promise<void> {
    for (let round = 0; round < ROUNDS; round += 1) {
      const result = await resolve(informed({ ...options, signatures: 'prefer' }));
      if (!result.ok) return;
      const contents = await read(result.solution);
      if (!learnFrom(contents, { learned, accepted, options: ages })) return;
    }
  }

  async function refusedWithFixes(refusal: ProvError): Promise<ProvError> {
    const strict = informed(options);
    const result = await resolve(strict);
    if (result.ok) return refusal;
    const { details } = await unresolvable(result.failure, {
      ...telling,
      options: strict,
      form: telling.explain,
      accepts: ({ packages }) => packages.every(({ id, version }) => accepted.has(learnedKey(id, version))),
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

type AgeOptions = Pick<ResolveOptions, 'publishedBefore' | 'ageExempt'> & { readonly signedTimes: boolean };

function signedTimes({ publishedBefore, signedTimes: signed }: AgeOptions): boolean {
  return publishedBefore !== undefined && signed;
}

interface Knowledge {
  readonly learned: Map<string, Learned>;
  /** Versions that were read and may be chosen. */
  readonly accepted: Set<string>;
  readonly options: AgeOptions;
}

/** Whether anything that was read forbids what was chosen. */
function learnFrom(
  { refusals, contents, solution }: SolutionContents,
  { learned, accepted, options }: Knowledge,
): boolean {
  let forbids = refusals.size > 0;
  for (const [key, refusal] of refusals) {
    const [reason] = String(refusal.details['explanation'] ?? refusal.message).split('\n');
    learned.set(key, { refused: reason! });
  }
  for (const solved of solution.packages) {
    const key = learnedKey(solved.id, solved.version);
    const content = contents.get(contentKey(solved));
    if (content === undefined || 'path' in content) continue;
    const { publishedAt } = content;
    learned.set(key, { publishedAt });
    const limit = options.publishedBefore;
    const exempt = limit === undefined || options.ageExempt?.has(solved.id) === true;
    const young =
      !exempt &&
      signedTimes(options) &&
      (publishedAt === undefined || Date.parse(publishedAt) > Date.parse(limit));
    if (young) forbids = true;
    else accepted.add(key);
  }
  return forbids;
}
