import { Encoder } from './encode/encoder.js';
import type { Policy } from './encode/policy.js';
import type { ProblemPackage } from './encode/problem.js';
import type { MetadataLoader } from './metadata/metadata-loader.js';
import type { PackageId } from './package-id.js';
import { minimiseProof } from './proof/minimise-proof.js';
import type { Proof, ProofPackage } from './proof/proof.js';
import type { SolveStatistics } from './solution.js';
import { extractProof } from './solver/derivation.js';
import { Solver } from './solver/solver.js';

/** Which version of each package of the problem was selected, by index. */
export type Selection = ReadonlyMap<number, number>;

export type SessionOutcome =
  | { readonly type: 'solved'; readonly selection: Selection }
  /** `id`: the incompatibility without terms. */
  | { readonly type: 'unsolvable'; readonly id: number }
  | { readonly type: 'budget' };

/** A provider turned up too late to be among the offers of its capability: begin anew, it is known now. */
export class StaleOffers extends Error {}

export interface SessionOptions {
  readonly policy: Policy;
  readonly loader: MetadataLoader;
  /** Grows by what this session learns; hand it to the next one. */
  readonly knownProviders: Map<string, Set<PackageId>>;
  readonly stepBudget: number;
  readonly signal?: AbortSignal | undefined;
}

/** One problem, solved several times: as asked, and with further facts that hold for one solve only. */
export class Session {
  readonly encoder: Encoder;
  readonly solver: Solver;
  private readonly budget: number;
  private readonly signal: AbortSignal | undefined;
  private readonly started = performance.now();
  private roots: readonly number[] | undefined;
  private decisions = 0;
  private conflicts = 0;

  constructor({ policy, loader, knownProviders, stepBudget, signal }: SessionOptions) {
    this.encoder = new Encoder(policy, loader, knownProviders);
    this.solver = new Solver(this.encoder.problem.universe);
    this.budget = stepBudget;
    this.signal = signal;
  }

  /** The facts that the user's requirements are. */
  get rootFacts(): readonly number[] {
    return this.roots ?? [];
  }

  /**
   * An answer under the requirements and `extra` facts; looks up what it needs on the way.
   * @throws StaleOffers; what the source throws; the signal's reason.
   */
  async solve(extra: readonly number[] = [], budget = this.budget): Promise<SessionOutcome> {
    const { encoder, solver } = this;
    this.roots ??= await encoder.requirements();
    solver.start([...this.roots, ...extra], budget);
    let outcome = solver.run();
    while (outcome.type === 'needs') {
      this.signal?.throwIfAborted();
      await encoder.expand(outcome.pkg, outcome.version);
      if (encoder.capabilities.stale) throw new StaleOffers();
      outcome = solver.run();
    }
    this.decisions += solver.decisionCount;
    this.conflicts += solver.conflictCount;
    if (outcome.type !== 'solved') return outcome;
    const selection = new Map(solver.selected().map(({ pkg, version }) => [pkg, version]));
    return { type: 'solved', selection };
  }

  /** Solves as above, all of them together in at most `steps` steps. */
  limited(steps: number): (extra: readonly number[]) => Promise<SessionOutcome> {
    let left = steps;
    return async (extra) => {
      if (left <= 0) return { type: 'budget' };
      const outcome = await this.solve(extra, left);
      left -= this.solver.decisionCount + this.solver.conflictCount;
      return outcome;
    };
  }

  /** The extensions that the last solve learned something about. */
  contested(): ProblemPackage[] {
    const { data, length } = this.solver.conflicts.contested;
    const packages = [...data.subarray(0, length)].map((pkg) => this.encoder.problem.packages[pkg]!);
    return packages.filter(({ role }) => role === 'extension').sort((a, b) => a.index - b.index);
  }

  /** The packages that most conflicts of the last solve were about, at most five. */
  disputed(): ProblemPackage[] {
    return this.solver.contested().map((pkg) => this.encoder.problem.packages[pkg]!);
  }

  /** The strongest thing the last solve found out, as a derivation that does not end in a contradiction. */
  bestLesson(): Proof | undefined {
    const { bestLesson } = this.solver.conflicts;
    return bestLesson < 0 ? undefined : minimiseProof(this.derivation(bestLesson), 0);
  }

  /** Why the last solve failed, from as few facts as will do. */
  proof(id: number): Proof {
    return minimiseProof(this.derivation(id));
  }

  /** How the last solve came to an incompatibility. */
  derivation(id: number): Proof {
    const { problem } = this.encoder;
    return extractProof(this.solver, id, {
      packages: proofPackages(problem.packages),
      factOf: (fact, terms) => ({ terms, cause: problem.causes.get(fact)! }),
    });
  }

  statistics(): SolveStatistics {
    return {
      decisions: this.decisions,
      conflicts: this.conflicts,
      packages: this.encoder.problem.packages.length,
      elapsedMs: performance.now() - this.started,
    };
  }
}

/** Names as short as they may be: two packages of one name are told apart by registry and namespace. */
export function proofPackages(packages: readonly ProblemPackage[]): ProofPackage[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { name } of packages) (seen.has(name) ? twice : seen).add(name);
  return packages.map(({ id, name, role, versions, location, facts, ignoredTags, offline }) => {
    const kind = facts.find((each) => each !== undefined)?.kind;
    return {
      name: id !== undefined && twice.has(name) ? id : name,
      role,
      versions,
      ...(location !== undefined && { location }),
      ...(id !== undefined && { id }),
      ...(kind !== undefined && { kind }),
      ...(ignoredTags && { ignoredTags }),
      ...(offline && { offline }),
    };
  });
}
