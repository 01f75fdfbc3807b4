import { describeSolution } from './describe-solution.js';
import type { Policy } from './encode/policy.js';
import type { ResolveResult } from './failure.js';
import { MetadataLoader } from './metadata/metadata-loader.js';
import type { ClosureRoot } from './metadata/metadata-source.js';
import { normaliseOptions } from './normalise-options.js';
import { type PackageId, packageId } from './package-id.js';
import { acrossPlatforms } from './platform-fork.js';
import { improve } from './quality.js';
import { refusalProof } from './refused-selection.js';
import { DEFAULT_STEP_BUDGET, type ResolveOptions } from './resolve-options.js';
import { Session, StaleOffers } from './session.js';
import { skipProofs } from './skip-proofs.js';

/**
 * One version of every package needed, or a proof that there is none. Deterministic: the order and delay
 * of the source's answers do not change the result.
 * @throws what the source throws (network, authentication), SCHEMAS_RANGE_INVALID, RESOLVER_KIND_MIXED,
 * RESOLVER_VERSION_DUPLICATE, RESOLVER_FACTS_MISSING
 */
export async function resolve(options: ResolveOptions): Promise<ResolveResult> {
  options.signal?.throwIfAborted();
  const policy = normaliseOptions(options);
  const loader = new MetadataLoader(options.source, options.signal);
  try {
    await loader.begin(closureRoots(policy));
    return await underSignatures(policy, (held) =>
      acrossPlatforms(held, (each) => answer(each, loader, options)),
    );
  } finally {
    loader.close();
  }
}

/** Ranges that an override replaces, or that a digest is looked for in, say nothing of what is needed. */
function closureRoots({ requirements, overrides }: Policy): ClosureRoot[] {
  return requirements.map(({ registry, repository, range, digest }) => {
    const id = packageId(registry, repository);
    return overrides.has(id) || digest !== undefined ? { id } : { id, range };
  });
}

/** While signatures are strict, a refused version in the solution ends the resolution. */
async function underSignatures(
  policy: Policy,
  find: (policy: Policy) => Promise<ResolveResult>,
): Promise<ResolveResult> {
  const result = await find(policy);
  if (policy.signatures === 'prefer' || !result.ok) return result;
  if (result.solution.packages.every(({ facts }) => facts.refused === undefined)) return result;
  const fallback = await find({ ...policy, signatures: 'prefer' });
  const proof = refusalProof(result.solution, fallback.ok ? fallback.solution : undefined)!;
  return {
    ok: false,
    failure: { type: 'unsatisfiable', proof, statistics: result.solution.statistics },
  };
}

/** One run of the solver, begun anew while providers turn up too late to be among the offers. */
async function answer(
  policy: Policy,
  loader: MetadataLoader,
  { stepBudget = DEFAULT_STEP_BUDGET, signal }: ResolveOptions,
): Promise<ResolveResult> {
  const knownProviders = new Map<string, Set<PackageId>>();
  for (;;) {
    try {
      const session = new Session({ policy, loader, knownProviders, stepBudget, signal });
      return await solve(session, stepBudget);
    } catch (error) {
      if (!(error instanceof StaleOffers)) throw error;
    }
  }
}

async function solve(session: Session, budget: number): Promise<ResolveResult> {
  const outcome = await session.solve();
  if (outcome.type === 'solved') {
    const { selection, heldBack } = await improve(session, outcome.selection);
    const skips = await skipProofs(session, selection);
    return { ok: true, solution: describeSolution({ session, selection, proofs: heldBack, skips }) };
  }
  const statistics = session.statistics();
  if (outcome.type === 'budget') {
    const contested = session.disputed().map(({ name }) => name);
    const learned = session.bestLesson();
    const partial = learned === undefined ? {} : { learned };
    return { ok: false, failure: { type: 'budget', budget, contested, ...partial, statistics } };
  }
  const proof = session.proof(outcome.id);
  return { ok: false, failure: { type: 'unsatisfiable', proof, statistics } };
}
