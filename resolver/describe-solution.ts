import type { Edge } from './encode/edges.js';
import { ineligible, unusable } from './encode/eligibility.js';
import type { Encoder } from './encode/encoder.js';
import type { ProblemPackage } from './encode/problem.js';
import { type Asker, heldBack } from './held-back.js';
import { type PackageId, packageId, splitPackageId } from './package-id.js';
import { describeCause } from './proof/describe-cause.js';
import { describeFact } from './proof/describe-fact.js';
import { joinWords, SetNames } from './proof/describe-set.js';
import type { Proof, ProofFact } from './proof/proof.js';
import type { Selection, Session } from './session.js';
import type { SkippedOptional, Solution, SolvedEdge, SolvedPackage } from './solution.js';

export interface FoundSolution {
  readonly session: Session;
  readonly selection: Selection;
  /** Why direct dependencies are not newer. */
  readonly proofs: ReadonlyMap<ProblemPackage, Proof>;
  /** Why optional dependencies were skipped, by the package that stands for the choice. */
  readonly skips: ReadonlyMap<ProblemPackage, Proof>;
}

/** The solver's numbers as a solution: names, edges, skipped optional dependencies, who requires what. */
export function describeSolution({ session, selection, proofs, skips }: FoundSolution): Solution {
  const { encoder, rootFacts } = session;
  const { problem, policy } = encoder;
  const askers = new Map<number, Asker[]>();
  const requiredBy = new Map<PackageId, Set<string>>();
  const require = (id: PackageId, by: string): void => {
    requiredBy.set(id, (requiredBy.get(id) ?? new Set()).add(by));
  };
  for (const { registry, repository, alias, origin } of policy.requirements) {
    require(packageId(registry, repository, alias), `(${origin.layer})`);
  }
  const capabilities = new Map<string, PackageId>();
  const selected: { pkg: ProblemPackage; version: number }[] = [];
  for (const [index, version] of selection) {
    const pkg = problem.packages[index]!;
    if (pkg.role === 'extension') selected.push({ pkg, version });
    if (pkg.role === 'capability')
      capabilities.set(pkg.name, encoder.capabilities.providerOf(pkg, version).id!);
  }
  const described = selected.map(({ pkg, version }) => {
    const dependencies: SolvedEdge[] = [];
    const skipped: SkippedOptional[] = [];
    for (const edge of encoder.dependencies.edgesOf(pkg, version)) {
      const met = meetEdge(encoder, selection, { pkg, version, edge, skips });
      if ('reason' in met) {
        skipped.push({ name: edge.name, range: edge.written.version, ...met });
        continue;
      }
      dependencies.push(met);
      require(met.id, pkg.name);
      const target = encoder.dependencies.targetOf(edge)!.index;
      const known = askers.get(target);
      if (known === undefined) askers.set(target, [{ pkg, version, edge }]);
      else known.push({ pkg, version, edge });
    }
    return { pkg, version, dependencies, skipped };
  });
  const packages = described.map(({ pkg, version, dependencies, skipped }): SolvedPackage => {
    const facts = pkg.facts[version]!;
    const id = pkg.id!;
    const { registry, repository, name, alias } = splitPackageId(id);
    return {
      id,
      registry,
      repository,
      name,
      ...(alias !== undefined && { alias }),
      kind: facts.kind,
      version: facts.version,
      facts,
      dependencies,
      skipped,
      requiredBy: [...(requiredBy.get(id) ?? [])].sort(),
      direct: policy.direct.has(id),
    };
  });
  const inputs = { encoder, rootFacts, selection, askers, proofs };
  const held = selected.flatMap(({ pkg }) => heldBack(pkg, inputs) ?? []);
  return {
    packages: packages.sort((a, b) => (a.id < b.id ? -1 : 1)),
    capabilities: Object.fromEntries([...capabilities].sort(([a], [b]) => (a < b ? -1 : 1))),
    heldBack: held.sort((a, b) => (a.id < b.id ? -1 : 1)),
    policy: {
      strategy: policy.strategy,
      prerelease: policy.prerelease,
      platforms: policy.platforms,
      ...(policy.publishedBefore !== undefined && { publishedBefore: policy.publishedBefore }),
    },
    statistics: session.statistics(),
  };
}

interface EdgeAt {
  readonly pkg: ProblemPackage;
  readonly version: number;
  readonly edge: Edge;
  readonly skips: FoundSolution['skips'];
}

function meetEdge(
  encoder: Encoder,
  selection: Selection,
  { pkg, version, edge, skips }: EdgeAt,
): SolvedEdge | Pick<SkippedOptional, 'reason' | 'proof'> {
  const target = encoder.dependencies.targetOf(edge)!;
  const choice = edge.optional ? encoder.dependencies.choiceOf(pkg, version, edge) : undefined;
  if (choice !== undefined && selection.get(choice.index) !== 1) {
    const proof = skips.get(choice);
    const reason = whySkipped(encoder, selection, { edge, target, proof });
    return { reason, ...(proof !== undefined && { proof }) };
  }
  const met = selection.get(target.index)!;
  const shared = {
    name: edge.name,
    range: edge.written.version,
    optional: edge.optional,
    ...(edge.written.platforms !== undefined && { platforms: edge.written.platforms }),
  };
  if (target.role === 'capability') {
    const provider = encoder.capabilities.providerOf(target, met);
    const at = selection.get(provider.index)!;
    return { ...shared, id: provider.id!, version: provider.versions[at]!, capability: target.name };
  }
  return { ...shared, id: target.id!, version: target.versions[met]! };
}

/** One sentence on why an optional dependency could not be taken. */
function whySkipped(
  encoder: Encoder,
  selection: Selection,
  { edge, target, proof }: { edge: Edge; target: ProblemPackage; proof: Proof | undefined },
): string {
  if (target.versions.length === 0) return `there is no ${edge.name} in ${target.location}`;
  const accepted = encoder.accepted(target, edge.range, edge.written.kind);
  const fitting = [...target.versions.keys()].filter(
    (v) => (accepted[(v + 1) >>> 5]! & (1 << ((v + 1) & 31))) !== 0,
  );
  if (fitting.length === 0) {
    return `no version of ${edge.name} matches ${edge.range}; the newest is ${target.versions.at(-1)}`;
  }
  const chosen = selection.get(target.index);
  if (chosen !== undefined && !fitting.includes(chosen)) {
    return `it needs ${edge.name} ${edge.range}, and ${target.versions[chosen]} is selected`;
  }
  const causes = fitting.map((v) => {
    const facts = target.facts[v];
    return facts === undefined || target.id === undefined
      ? undefined
      : [...ineligible(target.id, facts, encoder.policy), ...unusable(facts.deps, encoder.policy)][0];
  });
  const newest = causes.at(-1);
  if (newest !== undefined && causes.every((cause) => cause !== undefined)) {
    return `${edge.name} ${target.versions[fitting.at(-1)!]} ${describeCause(newest)}`;
  }
  const facts = proof?.facts.filter(({ cause }) => cause.type !== 'taken' && cause.type !== 'choice') ?? [];
  if (proof !== undefined && facts.length <= TOLD_FACTS) {
    const names = new SetNames(proof);
    return joinWords(facts.filter((fact) => !isItself(fact, edge)).map((fact) => describeFact(fact, names)));
  }
  return `no version of ${edge.name} in ${edge.range} goes together with what is selected`;
}

/** Facts that one sentence has room for. */
const TOLD_FACTS = 4;

/** The optional dependency says of itself that it is asked for: that is no reason. */
function isItself({ cause }: ProofFact, edge: Edge): boolean {
  return cause.type === 'dependency' && cause.optional && cause.target === edge.name;
}
