import { describeSolution } from './describe-solution.js';
import { Encoder } from './encode/encoder.js';
import type { Policy } from './encode/policy.js';
import type { ProblemPackage } from './encode/problem.js';
import type { ResolveResult } from './failure.js';
import { MetadataLoader } from './metadata/metadata-loader.js';
import { normaliseOptions } from './normalise-options.js';
import type { PackageId } from './package-id.js';
import { compactProof, minimiseProof } from './proof/minimise-proof.js';
import type { ProofPackage } from './proof/proof.js';
import { DEFAULT_STEP_BUDGET, type ResolveOptions } from './resolve-options.js';
import type { SolveStatistics } from './solution.js';
import { extractProof } from './solver/derivation.js';
import { Solver } from './solver/solver.js';

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
    await loader.begin([...policy.direct].sort());
    const knownProviders = new Map<string, Set<PackageId>>();
    for (;;) {
      const result = await attempt({ policy, loader, knownProviders, options });
      if (result !== undefined) return result;
    }
  } finally {
    loader.close();
  }
}

interface Attempt {
  readonly policy: Policy;
  readonly loader: MetadataLoader;
  readonly knownProviders: Map<string, Set<PackageId>>;
  readonly options: ResolveOptions;
}

/** One run of the solver; undefined when a provider turned up too late to be among the offers. */
async function attempt({
  policy,
  loader,
  knownProviders,
  options,
}: Attempt): Promise<ResolveResult | undefined> {
  const started = performance.now();
  const encoder = new Encoder(policy, loader, knownProviders);
  const { problem } = encoder;
  const roots = await encoder.requirements();
  const solver = new Solver(problem.universe);
  const budget = options.stepBudget ?? DEFAULT_STEP_BUDGET;
  solver.start(roots, budget);
  let outcome = solver.run();
  while (outcome.type === 'needs') {
    options.signal?.throwIfAborted();
    await encoder.expand(outcome.pkg, outcome.version);
    if (encoder.capabilities.stale) return undefined;
    outcome = solver.run();
  }
  const statistics: SolveStatistics = {
    decisions: solver.decisionCount,
    conflicts: solver.conflictCount,
    packages: problem.packages.length,
    elapsedMs: performance.now() - started,
  };
  if (outcome.type === 'solved') {
    const selection = new Map(solver.selected().map(({ pkg, version }) => [pkg, version]));
    return { ok: true, solution: describeSolution(encoder, selection, statistics) };
  }
  if (outcome.type === 'budget') {
    const contested = solver.contested().map((pkg) => problem.packages[pkg]!.name);
    return { ok: false, failure: { type: 'budget', budget, contested, statistics } };
  }
  const proof = extractProof(solver, outcome.id, {
    packages: proofPackages(problem.packages),
    factOf: (id, terms) => ({ terms, cause: problem.causes.get(id)! }),
  });
  return {
    ok: false,
    failure: { type: 'unsatisfiable', proof: compactProof(minimiseProof(proof)), statistics },
  };
}

/** Names as short as they may be: two packages of one name are told apart by registry and namespace. */
function proofPackages(packages: readonly ProblemPackage[]): ProofPackage[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { name } of packages) (seen.has(name) ? twice : seen).add(name);
  return packages.map(({ id, name, role, versions, location }) => ({
    name: id !== undefined && twice.has(name) ? id : name,
    role,
    versions,
    ...(location !== undefined && { location }),
  }));
}
