import { isProvError, ProvError } from '#base';
import {
  contentKey,
  memoSource,
  type PackageContent,
  type ResolveOptions,
  resolve,
  type Solution,
  type SolvedPackage,
  solutionToLock,
  withoutAlias,
} from '#resolver';
import { isRemoteEntry, type Lock, type LockEntry } from '#schemas';
import type { PreviousSigner } from '#trust';
import type { Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import type { Intent } from '../explain/intent.js';
import type { ListNames } from '../explain/similar-names.js';
import { type ExplainForm, unresolvable } from '../explain/unresolvable.js';
import type { Contents } from '../metadata/contents.js';
import { learnedKey } from '../metadata/learned-source.js';
import type { WorkspacePolicy } from '../trust/workspace-policy.js';
import { localTree } from './local-packages.js';
import { lockInputs } from './lock-fit.js';
import { readContent } from './read-content.js';
import type { WorkspaceRegistries } from './workspace-registries.js';

/** Chosen versions whose content is read at once; a registry answers no faster above it. */
const CONTENT_CONCURRENCY = 32;

export interface SolvePlace {
  readonly workspace: Workspace;
  readonly policy: WorkspacePolicy;
  readonly registries: WorkspaceRegistries;
  readonly contents: Contents;
  readonly allowLocal?: boolean | undefined;
  /** The lock until now: offline, what it says of the same manifests is all that is known of their signatures. */
  readonly before?: Lock | undefined;
}

/** How a failure is to be told. */
export interface Telling {
  readonly workspace: Workspace;
  readonly explain?: ExplainForm | undefined;
  readonly intent?: Intent | undefined;
  readonly names?: ListNames | undefined;
}

/** @throws MANAGER_UNRESOLVABLE with the explanation and fixes; what the metadata source throws. */
export async function solve(
  asked: ResolveOptions,
  { workspace, explain, intent, names }: Telling,
): Promise<Solution> {
  // Looking for fixes asks for the same things again.
  const options = { ...asked, source: memoSource(asked.source) };
  const result = await resolve(options);
  if (result.ok) return result.solution;
  throw await unresolvable(result.failure, { options, workspace, form: explain, intent, names });
}

/** What was read of the versions of a solution. */
export interface SolutionContents {
  readonly solution: Solution;
  /** By `contentKey`. */
  readonly contents: ReadonlyMap<string, PackageContent>;
  /** By `learnedKey`, what the trust policy refuses. */
  readonly refusals: ReadonlyMap<string, ProvError>;
}

/**
 * Reads what a solution consists of, as it is on the registries now, and asks the trust policy about it. What is `known`
 * was read a moment ago.
 * @throws MANAGER_LOCK_LOOPBACK, MANAGER_LOCK_CONTENT_CHANGED; not TRUST_REFUSED
 */
export async function readSolution(
  solution: Solution,
  { workspace, policy, registries, contents: sources, allowLocal, before }: SolvePlace,
  context: ManagerContext,
  known: ReadonlyMap<string, PackageContent> = new Map(),
): Promise<SolutionContents> {
  const contents = new Map(known);
  const refusals = new Map<string, ProvError>();
  await sources.prime(
    solution.packages.flatMap(({ id, facts }) =>
      facts.digest === undefined ? [] : [{ id: withoutAlias(id), digest: facts.digest }],
    ),
  );
  const left = solution.packages.filter((each) => !known.has(contentKey(each)));
  const read = async (solved: SolvedPackage) => {
    const local = registries.local.get(solved.id);
    if (local !== undefined) {
      const tree = await localTree(workspace, local, context.signal);
      contents.set(contentKey(solved), { path: local.path, tree });
      return;
    }
    const registry = registries.get(solved.registry);
    if (registry.loopback && !registry.named && allowLocal !== true)
      throw new ProvError('MANAGER_LOCK_LOOPBACK', { registry: registry.host });
    const id = withoutAlias(solved.id);
    const { digest } = solved.facts;
    const byDigest = digest !== undefined && (context.offline === true || sources.holds(id, digest));
    const known = context.offline ? knownAs(solved, before) : undefined;
    const store = sources.store(id, known);
    const previous = signedBefore(solved, before);
    const place = { solved, store, host: registry.host, byDigest, policy: policy.policy, known, previous };
    try {
      const content = await readContent(place, context);
      contents.set(contentKey(solved), registry.loopback ? content : { ...content, host: registry.host });
    } catch (error) {
      if (!isProvError(error, 'TRUST_REFUSED')) throw error;
      refusals.set(learnedKey(solved.id, solved.version), error);
    }
  };
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      context.signal?.throwIfAborted();
      try {
        await read(next);
      } catch (error) {
        left.length = 0;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: CONTENT_CONCURRENCY }, worker));
  return { solution, contents, refusals };
}

/** The lock of a solution that was read and is accepted. */
export function solutionLock(
  solution: Solution,
  { contents }: SolutionContents,
  { workspace, policy }: SolvePlace,
): Lock {
  return solutionToLock(solution, contents, {
    inputs: lockInputs(workspace),
    ...(workspace.resolution.age_source === 'registry' && { ageSource: 'registry' as const }),
    ...(policy.digest === undefined ? {} : { trustPolicy: policy.digest }),
  });
}

/** Who signed the locked version of the same extension. */
function signedBefore(
  { kind, registry, repository }: SolvedPackage,
  before: Lock | undefined,
): PreviousSigner | undefined {
  const entry = before?.extensions
    .filter(isRemoteEntry)
    .find(
      ({ kind: same, source }) =>
        same === kind && source.registry === registry && source.repository === repository,
    );
  if (entry?.signer === undefined) return undefined;
  return { version: entry.version, identity: entry.signer.identity };
}

function knownAs({ facts, repository }: SolvedPackage, before: Lock | undefined): LockEntry | undefined {
  return before?.extensions
    .filter(isRemoteEntry)
    .find(({ manifest, source }) => manifest.digest === facts.digest && source.repository === repository);
}
